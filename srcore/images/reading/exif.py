"""EXIF, XMP and IPTC: what of them is still true of an image that was turned and enlarged."""

import re
import struct

from srcore.images.reading.tags import (
    BYTE,
    LONG,
    SHORT,
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
PARTS = {0x8769: {0xA005: {}}, 0x8825: {}}
"""Tags that point at directories of their own, Exif and GPS, and those within them."""
SIDES = ((0x0100, 0x0101), (0xA002, 0xA003))
"""Width and height, of the first directory and of Exif."""
DESCRIPTIVE = frozenset(
    {0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C,
     0x4746, 0x4749, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F}
)  # fmt: skip
"""Tags of a TIFF that tell of the image; the others tell how its pixels lie in the file."""
IPTC = 0x0404
"""Number of the resource of Photoshop that holds IPTC captions."""
HEIGHTS = (b"exif:PixelYDimension", b"tiff:ImageLength")
SIDE = re.compile(
    rb"(exif:PixelXDimension|tiff:ImageWidth|exif:PixelYDimension|tiff:ImageLength)"
    rb"(\s*=\s*[\"']|>)(\d+)"
)
TURNED = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>))([1-8])")


def upright(exif: bytes) -> tuple[bytes | None, int]:
    """EXIF without orientation and without the preview's directory; and the orientation, 1 to 8.

    All else stays where it is, so that a maker's notes, which point at each other, stay whole.

    Raises:
        ValueError: it is damaged.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    head = read_head(exif)
    directory = read_directory(exif, head.first, head)
    changed, count = bytearray(exif), struct.unpack_from(f"{head.order}H", exif, head.first)[0]
    numbers = [
        struct.unpack_from(f"{head.order}H", exif, directory.entries + 12 * k)[0]
        for k in range(count)
    ]
    kept = [
        exif[directory.entries + 12 * k : directory.entries + 12 * (k + 1)]
        for k, number in enumerate(numbers)
        if number != ORIENTATION
    ]
    room = 12 * count + 4
    table = (b"".join(kept) + bytes(4)).ljust(room, b"\0")
    struct.pack_into(f"{head.order}H", changed, head.first, len(kept))
    changed[directory.entries : directory.entries + room] = table
    turned = directory.number(ORIENTATION, 1)
    return bytes(changed) if kept else None, turned if turned in range(1, 9) else 1


def with_size(exif: bytes, size: tuple[int, int]) -> bytes:
    """EXIF with that width and height where it names them."""
    head, changed = read_head(exif), bytearray(exif)
    first = read_directory(exif, head.first, head)
    for directory in (first, *(_below(exif, first, part, head) for part in PARTS)):
        for tags in SIDES if directory is not None else ():
            for tag, side in zip(tags, size, strict=True):
                _set(changed, directory, tag, side, head.order)
    return bytes(changed)


def _set(changed: bytearray, directory: Directory | None, tag: int, value: int, order: str) -> None:
    found = directory.tags.get(tag) if directory else None
    if directory is None or found is None or found.count != 1 or found.kind not in (SHORT, LONG):
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


def exif_of_tiff(data: bytes, directory: Directory, head: Head) -> bytes | None:
    """What a TIFF says of its image, as EXIF; None when that is nothing."""
    tree = _descriptive(data, directory, head)
    start = {"<": b"II", ">": b"MM"}[head.order] + struct.pack(f"{head.order}HI", 42, 8)
    return start + build(tree, head.order, 8) if tree else None


def _descriptive(data: bytes, directory: Directory, head: Head) -> Tree:
    tree: dict[int, Tag | Tree] = {n: t for n, t in directory.tags.items() if n in DESCRIPTIVE}
    for part, within in PARTS.items():
        if (below := _below(data, directory, part, head)) and below.tags:
            tags: dict[int, Tag | Tree] = {n: t for n, t in below.tags.items() if n not in within}
            for inner in within:
                if (deeper := _below(data, below, inner, head)) and deeper.tags:
                    tags[inner] = dict(deeper.tags)
            tree[part] = tags
    return tree


def orientation_of(xmp: bytes | None) -> int:
    """The orientation that XMP names, 1 without."""
    found = TURNED.search(xmp or b"")
    return int(found[2]) if found else 1


def xmp_upright(xmp: bytes) -> bytes:
    """XMP of which no word says that the image is to be turned."""
    return TURNED.sub(rb"\g<1>1", xmp)


def xmp_with_size(xmp: bytes, size: tuple[int, int]) -> bytes:
    """XMP with that width and height where it names them."""
    return SIDE.sub(
        lambda m: (
            m[1] + m[2] + b"%d" % size[m[1] in (b"exif:PixelYDimension", b"tiff:ImageLength")]
        ),
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
