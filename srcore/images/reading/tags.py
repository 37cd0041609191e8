"""Tags as TIFF and EXIF hold them, with their bytes as they are (TIFF 6.0; EXIF 2.32).

Nothing is decoded to text and encoded again: an author's name comes out in the bytes it came in,
whatever its encoding.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8}  # fmt: skip
"""Kind of value → its bytes."""
FORMATS = {1: "B", 3: "H", 4: "I", 8: "h", 9: "i", 13: "I", 16: "Q", 18: "Q"}
"""Kinds that are whole numbers → how `struct` calls them."""
ORDERS = {b"II": "<", b"MM": ">"}
MOST = 4096
"""Entries of one directory; more is damage."""
PLACE = 18
"""Kind of the place of a directory in a file of more than 4 GB (IFD8 of BigTIFF)."""
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7


@dataclass(frozen=True)
class Tag:
    """One value: its kind, how many, and its bytes in the order of the file."""

    kind: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Directory:
    """Tags by number, where the first entry lies, and where the next directory begins (or 0)."""

    tags: dict[int, Tag]
    entries: int
    following: int
    order: str

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of a tag, none when it is missing or holds something else."""
        found = self.tags.get(tag)
        if found is None or found.kind not in FORMATS:
            return ()
        return struct.unpack(f"{self.order}{found.count}{FORMATS[found.kind]}", found.data)

    def number(self, tag: int, default: int) -> int:
        """The first whole number of a tag."""
        return next(iter(self.numbers(tag)), default)

    def ratios(self, tag: int) -> tuple[float, ...]:
        """The fractions of a tag; those over zero are left out."""
        found = self.tags.get(tag)
        if found is None or found.kind != RATIONAL:
            return ()
        values = struct.unpack(f"{self.order}{2 * found.count}I", found.data)
        return tuple(a / b for a, b in zip(values[::2], values[1::2], strict=True) if b)


@dataclass(frozen=True)
class Head:
    """How a TIFF structure begins."""

    order: str
    big: bool
    first: int


def read_head(data: bytes) -> Head:
    """Read the first bytes of a TIFF structure.

    Raises:
        ValueError: it is none.
    """
    order = ORDERS.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        raise ValueError("not a TIFF structure")
    version, first = struct.unpack_from(f"{order}HI", data, 2)
    if version == 43 and len(data) >= 16:
        return Head(order, True, struct.unpack_from(f"{order}Q", data, 8)[0])
    if version != 42:
        raise ValueError("not a TIFF structure")
    return Head(order, False, first)


def read_directory(data: bytes, place: int, head: Head) -> Directory:
    """Read the directory at `place`; a tag whose value lies outside of `data` is left out.

    Values of one directory do not overlap. When they are longer than `data` together, those that
    are too much are left out as well.

    Raises:
        ValueError: the directory itself lies outside.
    """
    count_format, entry_format, inline = ("Q", "HHQ", 8) if head.big else ("H", "HHI", 4)
    start = place + struct.calcsize(f"={count_format}")
    size = struct.calcsize(f"={entry_format}") + inline
    if place < 8 or start > len(data):
        raise ValueError("a directory lies outside of the file")
    (count,) = struct.unpack_from(f"{head.order}{count_format}", data, place)
    end = start + count * size
    if count > MOST or end > len(data):
        raise ValueError("a directory is damaged")
    tags: dict[int, Tag] = {}
    left = len(data)
    for entry in range(start, end, size):
        number, kind, many = struct.unpack_from(head.order + entry_format, data, entry)
        length = SIZES.get(kind, 0) * many
        at = entry + size - inline
        if length > inline:
            (at,) = struct.unpack_from(f"{head.order}{'Q' if head.big else 'I'}", data, at)
        if number not in tags and length and at + length <= len(data) and length <= left:
            tags[number] = Tag(kind, many, bytes(data[at : at + length]))
            left -= length
    link = f"{head.order}{'Q' if head.big else 'I'}"
    following = struct.unpack_from(link, data, end)[0] if end + inline <= len(data) else 0
    return Directory(tags, start, following, head.order)


Tree = Mapping[int, "Tag | Tree"]
"""Tags to be written; where one points at a directory, that directory."""


def build(tree: Tree, order: str, start: int, *, big: bool = False) -> bytes:
    """Write a directory that will lie at the even place `start` of its file, values behind it."""
    count_format, entry_format, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    offset = f"{order}{'Q' if big else 'I'}"
    entries = struct.pack(f"{order}{count_format}", len(tree))
    width = struct.calcsize(f"={entry_format}") + inline
    behind = start + len(entries) + len(tree) * width + inline
    values = bytearray()
    for number, tag in sorted(tree.items(), key=lambda item: item[0]):
        place = behind + len(values)
        if isinstance(tag, Tag):
            kind, count, data = tag.kind, tag.count, tag.data
            if len(data) > inline:
                values += data + bytes(len(data) % 2)
                data = struct.pack(offset, place)
        else:
            kind, count, data = PLACE if big else LONG, 1, struct.pack(offset, place)
            below = build(tag, order, place, big=big)
            values += below + bytes(len(below) % 2)
        entries += struct.pack(order + entry_format, number, kind, count) + data.ljust(
            inline, b"\0"
        )
    return entries + bytes(inline) + values


def shorts(order: str, values: Sequence[int]) -> Tag:
    """Whole numbers below 65,536."""
    return Tag(SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))


def longs(order: str, values: Sequence[int], *, big: bool = False) -> Tag:
    """Whole numbers; in a file of more than 4 GB of 8 bytes each."""
    kind, letter = (16, "Q") if big else (LONG, "I")
    return Tag(kind, len(values), struct.pack(f"{order}{len(values)}{letter}", *values))
