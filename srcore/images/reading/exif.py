"""EXIF, XMP and IPTC: what of them is still true of an upright, enlarged image."""

import re
import struct
from collections.abc import Collection, Iterator

from srcore.images.reading.tags import (
    BYTE,
    LONG,
    SHORT,
    SIZES,
    UNDEFINED,
    Directory,
    Head,
    Tag,
    Tree,
    build,
    read_directory,
    read_head,
)

ORIENTATION = 0x0112
EXIF = 0x8769
PARTS = {EXIF: {0xA005: {}}, 0x8825: {}}
"""Tags that point at directories of their own, Exif and GPS, and those within them."""
SIDES = ((0x0100, 0x0101), (0xA002, 0xA003), (0x1001, 0x1002))
"""Width and height, of the first directory, of Exif, and of the one within it."""
RESOLUTIONS = (0x011A, 0x011B)
"""Pixels per inch or centimetre, across and along."""
LYING = (5, 6, 7, 8)
"""Orientations whose rows are columns of the upright image."""
DESCRIPTIVE = frozenset(
    {0x010D, 0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x011D, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C,
     0x4746, 0x4749, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F}
)  # fmt: skip
"""Tags of a TIFF that tell of the image; the others tell how its pixels lie in the file."""
IPTC = 0x0404
"""Number of the resource of Photoshop that holds IPTC captions."""
IN_PIXELS = frozenset({0x9214, 0xA20E, 0xA20F, 0xA210, 0xA214})
"""Tags of Exif that count pixels of the image as it was: where its subject lies, and how many of
them there are on a length of the sensor."""
PREVIEWS = ((0x0201, 0x0202), (0x0111, 0x0117))
"""Where the bytes of a preview are, and how many: of a JPEG, of strips."""
MOST_PREVIEWS = 16
"""A chain of directories may be a ring."""
HEAD, ENTRY, LINK = 8, 12, 4
"""Bytes of the head, of an entry of a directory, and of the place of the next directory."""
THUMBNAILS = ("xmp:Thumbnails", "xap:Thumbnails")
"""Elements of XMP that hold previews."""
HEIGHTS = (b"exif:PixelYDimension", b"tiff:ImageLength")
SIDE = re.compile(
    rb"(exif:PixelXDimension|tiff:ImageWidth|exif:PixelYDimension|tiff:ImageLength)"
    rb"(\s*=\s*[\"']|>)(\d+)"
)
ORIENTED = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>))([1-8])")


def upright(exif: bytes) -> tuple[bytes | None, int | None]:
    """EXIF of an upright, enlarged image; and the orientation, 1 to 8, None without.

    It has no orientation, no preview and none of `IN_PIXELS`. All else stays where it is, so that
    a maker's notes, which point at each other, stay whole.

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
    if below := _below(exif, directory, EXIF, head):
        _drop(changed, exif, below, IN_PIXELS)
    left = _drop(changed, exif, directory, {ORIENTATION})
    return bytes(changed) if left else None, orientation if orientation in range(1, 9) else None


def dpi_upright(dpi: tuple[float, float] | None, orientation: int) -> tuple[float, float] | None:
    """Pixels per inch across and along the upright image, of those of the image as it lies."""
    return (dpi[1], dpi[0]) if dpi and orientation in LYING else dpi


def _with_resolutions_swapped(exif: bytes, directory: Directory) -> bytes:
    """The same EXIF, in which what was across is along."""
    entries: dict[int, int] = {}
    for k in range(_count(exif, directory)):
        place = directory.entries + 12 * k
        entries.setdefault(struct.unpack_from(f"{directory.order}H", exif, place)[0], place)
    if not all(tag in entries for tag in RESOLUTIONS):
        return exif
    changed = bytearray(exif)
    across, along = (slice(entries[tag] + 2, entries[tag] + 12) for tag in RESOLUTIONS)
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
    used, left = _used(exif, head), len(exif)
    for place, length in dict.fromkeys(wiped):
        end = min(place + length, len(exif))
        # Previews do not overlap each other: more than all bytes is an attempt to take long.
        if place < end and end - place <= left and used.find(1, place, end) < 0:
            changed[place:end] = bytes(end - place)
            left -= end - place


def _used(exif: bytes, head: Head) -> bytearray:
    """For each byte 1 if the head, a directory that stays or a value of one has it, else 0."""
    used = bytearray(len(exif))
    places = [(0, HEAD)]
    for directory in _directories(exif, head):
        places.append(_table(exif, directory))
        for entry in _entries(exif, directory):
            kind, many, place = struct.unpack_from(f"{head.order}HII", exif, entry + 2)
            if (length := SIZES.get(kind, 0) * many) > LINK:  # shorter ones are in the entry
                places.append((place, length))
    for place, length in dict.fromkeys(places):
        if place + length <= len(used):
            used[place : place + length] = b"\1" * length
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
    count, start = _count(exif, directory), directory.entries
    entries = [exif[start + 12 * k : start + 12 * (k + 1)] for k in range(count)]
    kept = [
        entry
        for entry in entries
        if struct.unpack_from(f"{directory.order}H", entry)[0] not in unwanted
    ]
    changed[start : start + 12 * count] = b"".join(kept).ljust(12 * count, b"\0")
    struct.pack_into(f"{directory.order}H", changed, start - 2, len(kept))
    return len(kept)


def with_size(exif: bytes, size: tuple[int, int]) -> bytes:
    """EXIF with that width and height where it names them."""
    head, changed = read_head(exif), bytearray(exif)
    for directory in _directories(exif, head):
        for tags in SIDES:
            for tag, side in zip(tags, size, strict=True):
                _set(changed, directory, tag, side, head.order)
    return bytes(changed)


def _directories(exif: bytes, head: Head) -> Iterator[Directory]:
    """The first directory, and those of `PARTS` and within them."""
    first = read_directory(exif, head.first, head)
    yield first
    for part, within in PARTS.items():
        if below := _below(exif, first, part, head):
            yield below
            yield from filter(None, (_below(exif, below, inner, head) for inner in within))


def _set(changed: bytearray, directory: Directory, tag: int, value: int, order: str) -> None:
    found = directory.tags.get(tag)
    if found is None or found.count != 1 or found.kind not in (SHORT, LONG):
        return
    for entry in range(directory.entries, len(changed) - 11, 12):
        if struct.unpack_from(f"{order}H", changed, entry)[0] == tag:
            # A short has four bytes of room as well, and a side may be more than 65,535.
            struct.pack_into(f"{order}HHII", changed, entry, tag, LONG, 1, value)
            return


def _below(exif: bytes, directory: Directory, tag: int, head: Head) -> Directory | None:
    place = directory.number(tag, 0)
    try:
        return read_directory(exif, place, head) if place else None
    except ValueError:
        return None


def tree_of(exif: bytes) -> tuple[Tree, str]:
    """EXIF as the tags of a TIFF, and the order of their bytes."""
    head = read_head(exif)
    return _descriptive(exif, read_directory(exif, head.first, head), head), head.order


def exif_of_tiff(data: bytes, directory: Directory, head: Head, orientation: int) -> bytes | None:
    """What a TIFF says of its image once it is upright, as EXIF; None when that is nothing."""
    tree = dict(_descriptive(data, directory, head))
    if orientation in LYING and all(tag in tree for tag in RESOLUTIONS):
        across, along = RESOLUTIONS
        tree[across], tree[along] = tree[along], tree[across]
    start = {"<": b"II", ">": b"MM"}[head.order] + struct.pack(f"{head.order}HI", 42, 8)
    return start + build(tree, head.order, 8) if tree else None


def _descriptive(data: bytes, directory: Directory, head: Head) -> Tree:
    tree: dict[int, Tag | Tree] = {n: t for n, t in directory.tags.items() if n in DESCRIPTIVE}
    for part, within in PARTS.items():
        if (below := _below(data, directory, part, head)) and below.tags:
            tags: dict[int, Tag | Tree] = {
                n: t for n, t in below.tags.items() if n not in within and n not in IN_PIXELS
            }
            for inner in within:
                if (deeper := _below(data, below, inner, head)) and deeper.tags:
                    tags[inner] = dict(deeper.tags)
            tree[part] = tags
    return tree


def orientation_of(xmp: bytes | None) -> int:
    """The orientation that XMP names, 1 without."""
    found = ORIENTED.search(xmp or b"")
    return int(found[2]) if found else 1


def xmp_upright(xmp: bytes) -> bytes:
    """XMP of an upright, enlarged image: without an orientation but 1, or a preview."""
    for name in map(str.encode, THUMBNAILS):
        last = xmp.rfind(b"</%b>" % name)  # so that the search ends once, however many there are
        if last >= 0:
            end = last + len(name) + 3
            whole = re.compile(rb"<%b\b.*?</%b>" % (name, name), re.DOTALL)
            xmp = whole.sub(b"", xmp[:end]) + xmp[end:]
    return ORIENTED.sub(rb"\g<1>1", xmp)


def xmp_with_size(xmp: bytes, size: tuple[int, int]) -> bytes:
    """XMP with that width and height where it names them."""
    return SIDE.sub(
        lambda m: m[1] + m[2] + b"%d" % size[m[1] in HEIGHTS],
        xmp,
    )


def iptc_of(resources: bytes) -> bytes | None:
    """The IPTC captions among Photoshop's resources; the others tell of previews and the like."""
    place = 0
    while resources[place : place + 4] == b"8BIM" and place + 12 <= len(resources):
        number = int.from_bytes(resources[place + 4 : place + 6], "big")
        name = place + 6
        start = name + (resources[name] + 2) // 2 * 2
        length = int.from_bytes(resources[start : start + 4], "big")
        if number == IPTC:
            return resources[start + 4 : start + 4 + length] or None
        place = start + 4 + (length + 1) // 2 * 2
    return None


def resources_of(iptc: bytes) -> bytes:
    """IPTC captions as a resource of Photoshop, which is how a JPEG holds them."""
    head = b"8BIM" + struct.pack(">HHI", IPTC, 0, len(iptc))
    return head + iptc + bytes(len(iptc) % 2)


def iptc_of_tiff(directory: Directory) -> bytes | None:
    """The IPTC captions of a TIFF."""
    found = directory.tags.get(0x83BB)
    if found is not None and found.kind in (BYTE, UNDEFINED, LONG):
        return found.data
    resources = directory.tags.get(0x8649)
    return iptc_of(resources.data) if resources else None
