"""The boxes that JPEG 2000 files and others consist of (ISO 15444-1, annex I; ISO 14496-12)."""

from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """Name of a box, and where its content starts and ends in the file."""

    name: bytes
    start: int
    end: int


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places of a file, in their order, up to the first damaged one."""
    while start + 8 <= end:
        length, head = int.from_bytes(data[start : start + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        length = length or end - start  # 0: up to the end
        if length < head or start + length > end:
            return
        yield Box(bytes(data[start + 4 : start + 8]), start + head, start + length)
        start += length
