"""EXIF: what of it is still true of an upright, enlarged image."""

import struct
from collections.abc import Collection, Iterable, Iterator

from srcore.images.reading.numbers import (
    EXIF,
    GPS,
    IN_PIXELS,
    INTEROPERABILITY,
    LENGTHS,
    ORIENTATION,
    PREVIEW,
    PREVIEW_LENGTH,
    RESOLUTIONS,
    SIDES,
    STRIPS,
)
from srcore.images.reading.tags import (
    LONG,
    SHORT,
    SIZES,
    Directory,
    Head,
    read_directory,
    read_head,
)

PARTS = {EXIF: (INTEROPERABILITY,), GPS: ()}
"""Tags that point at directories of their own, and those within them."""
LYING = (5, 6, 7, 8)
"""Orientations whose rows are columns of the upright image."""
PREVIEWS = ((PREVIEW, PREVIEW_LENGTH), (STRIPS, LENGTHS))
"""Where the bytes of a preview are, and how many: of a JPEG, of strips."""
MOST_PREVIEWS = 16
"""A chain of directories may be a ring."""
HEAD, ENTRY, LINK = 8, 12, 4
"""Bytes of the head, of an entry of a directory, and of the place of the next directory."""


def kept_exif(
    found: Iterable[bytes], unwanted: Collection[int] = ()
) -> tuple[bytes | None, int | None, list[str]]:
    """The first EXIF of some that is not damaged, as `upright` makes it; and what is lost.

    Args:
        found: EXIF as it is in the file.
        unwanted: numbers of more tags of the first directory that are untrue.
    """
    lost = list[str]()
    for exif in found:
        try:
            return *upright(exif, unwanted), lost
        except ValueError:
            lost = ["its EXIF is damaged and left out"]
    return None, None, lost


def upright(exif: bytes, unwanted: Collection[int] = ()) -> tuple[bytes | None, int | None]:
    """EXIF of an upright, enlarged image; and the orientation, 1 to 8, None without.

    It has no orientation, no preview and none of `IN_PIXELS`. All else stays where it is, so that
    a maker's notes, which point at each other, stay whole.

    Args:
        exif: with or without its six bytes of name.
        unwanted: numbers of more tags of the first directory to take out.

    Raises:
        ValueError: it is damaged.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    head = read_head(exif)
    if head.big:
        raise ValueError("EXIF has no places of 64 bits")
    directory = read_directory(exif, head.first, head)
    orientation = directory.number(ORIENTATION, 0)
    if orientation in LYING:
        exif = _with_resolutions_swapped(exif, directory)
    changed = bytearray(exif)
    _wipe_previews(changed, exif, directory, head)
    if below := below_of(exif, directory, EXIF, head):
        _drop(changed, exif, below, IN_PIXELS)
    left = _drop(changed, exif, directory, {ORIENTATION, *unwanted})
    return bytes(changed) if left else None, orientation if orientation in range(1, 9) else None


def _with_resolutions_swapped(exif: bytes, directory: Directory) -> bytes:
    """The same EXIF, in which what was across is along."""
    entries: dict[int, int] = {}
    for place in _entries(exif, directory):
        entries.setdefault(struct.unpack_from(f"{directory.order}H", exif, place)[0], place)
    if not all(tag in entries for tag in RESOLUTIONS):
        return exif
    changed = bytearray(exif)
    across, along = (slice(entries[tag] + 2, entries[tag] + ENTRY) for tag in RESOLUTIONS)
    changed[across], changed[along] = exif[along], exif[across]
    return bytes(changed)


def _wipe_previews(changed: bytearray, exif: bytes, directory: Directory, head: Head) -> None:
    """Cut the directories behind the first one off, and overwrite them and what they point at.

    A place that was not updated may point at the tags of the image. What would overlap them is
    only cut off.
    """
    wiped: list[tuple[int, int]] = []
    link = directory.entries + ENTRY * _count(exif, directory)
    if following := directory.following:
        struct.pack_into(f"{head.order}I", changed, link, 0)
    for _ in range(MOST_PREVIEWS):
        try:
            preview = read_directory(exif, following, head)
        except ValueError:  # there is none, too
            break
        wiped.append(_table(exif, preview))
        for places, lengths in PREVIEWS:
            wiped += zip(preview.numbers(places), preview.numbers(lengths), strict=False)
        following = preview.following
    used, left = _used(exif, directory, head), len(exif)
    for place, length in dict.fromkeys(wiped):
        end = min(place + length, len(exif))
        # Previews do not overlap each other: more than all bytes is an attempt to take long.
        if place < end and end - place <= left and used.find(1, place, end) < 0:
            changed[place:end] = bytes(end - place)
            left -= end - place


def _used(exif: bytes, first: Directory, head: Head) -> bytearray:
    """For each byte 1 if the head, a directory that stays or a value of one has it, else 0."""
    used = bytearray(len(exif))
    places = {(0, HEAD)}
    for directory in _directories(exif, first, head):
        places.add(_table(exif, directory))
        for entry in _entries(exif, directory):
            kind, many, place = struct.unpack_from(f"{head.order}HII", exif, entry + 2)
            if (length := SIZES.get(kind, 0) * many) > LINK:  # shorter ones are in the entry
                places.add((place, length))
    done = 0
    for place, length in sorted(places):
        start, end = max(place, done), place + length
        if start < end <= len(used):
            used[start:end] = b"\1" * (end - start)
            done = end
    return used


def _table(exif: bytes, directory: Directory) -> tuple[int, int]:
    """Where a directory is without its values, and how many bytes it has."""
    start = directory.entries - 2
    return start, min(2 + ENTRY * _count(exif, directory) + LINK, len(exif) - start)


def _entries(exif: bytes, directory: Directory) -> Iterator[int]:
    """Where the entries of a directory are."""
    return (directory.entries + ENTRY * k for k in range(_count(exif, directory)))


def _count(exif: bytes, directory: Directory) -> int:
    """Entries of a directory, those that were left out for damage among them."""
    return struct.unpack_from(f"{directory.order}H", exif, directory.entries - 2)[0]


def _drop(changed: bytearray, exif: bytes, directory: Directory, unwanted: Collection[int]) -> int:
    """Take entries out of a directory; gives how many are left."""
    entries = [exif[place : place + ENTRY] for place in _entries(exif, directory)]
    kept = [
        entry
        for entry in entries
        if struct.unpack_from(f"{directory.order}H", entry)[0] not in unwanted
    ]
    start, length = directory.entries, ENTRY * len(entries)
    changed[start : start + length] = b"".join(kept).ljust(length, b"\0")
    struct.pack_into(f"{directory.order}H", changed, start - 2, len(kept))
    return len(kept)


def with_size(exif: bytes, size: tuple[int, int]) -> bytes:
    """EXIF with that width and height where it names them."""
    head, changed = read_head(exif), bytearray(exif)
    for directory in _directories(exif, read_directory(exif, head.first, head), head):
        for tags in SIDES:
            for tag, side in zip(tags, size, strict=True):
                _set(changed, directory, tag, side, head.order)
    return bytes(changed)


def _directories(exif: bytes, first: Directory, head: Head) -> Iterator[Directory]:
    """The first directory, and those of `PARTS` and within them."""
    yield first
    for part, within in PARTS.items():
        if below := below_of(exif, first, part, head):
            yield below
            yield from filter(None, (below_of(exif, below, inner, head) for inner in within))


def _set(changed: bytearray, directory: Directory, tag: int, value: int, order: str) -> None:
    found = directory.tags.get(tag)
    if found is None or found.count != 1 or found.kind not in (SHORT, LONG):
        return
    for entry in range(directory.entries, len(changed) - ENTRY + 1, ENTRY):
        if struct.unpack_from(f"{order}H", changed, entry)[0] == tag:
            # A short has four bytes of room as well, and a side may be more than 65,535.
            struct.pack_into(f"{order}HHII", changed, entry, tag, LONG, 1, value)
            return


def below_of(data: bytes, directory: Directory, tag: int, head: Head) -> Directory | None:
    """The directory that a tag of another one points at, None without or when it is damaged."""
    place = directory.number(tag, 0)
    try:
        return read_directory(data, place, head) if place else None
    except ValueError:
        return None
