"""EXIF as a TIFF has it: in the directory of the image, among the tags of its layout."""

import struct

from srcore.images.reading.exif import LYING, PARTS, below_of
from srcore.images.reading.numbers import (
    ELSEWHERE,
    EXIF,
    GEO,
    IN_PIXELS,
    LAYERS,
    LAYOUT,
    MAKER_NOTE,
    RESOLUTIONS,
)
from srcore.images.reading.tags import (
    LONG,
    Directory,
    Head,
    Tag,
    Tree,
    build,
    read_directory,
    read_head,
)

NOT_CARRIED = LAYOUT | ELSEWHERE | IN_PIXELS | GEO | {LAYERS}
"""Tags of the first directory that are untrue of an image that is written anew."""
LAST_KIND = 12
"""Kinds of values after this one are places in the file, or need a TIFF of more than 4 GB."""
LONGEST = 16_384
"""Bytes of a tag of a TIFF that becomes EXIF; a JPEG has room for 65,527 in all."""


def tags_in_place(exif: bytes) -> tuple[Tree, str]:
    """The tags of a TIFF that has the bytes of this EXIF at its start, and the order of bytes.

    The other directories stay where they are, so that a maker's notes, which name places, hold.
    """
    head = read_head(exif)
    first = read_directory(exif, head.first, head)
    tree: dict[int, Tag | Tree] = dict(_carried(first))
    for part in PARTS:
        if below := below_of(exif, first, part, head):
            tree[part] = Tag(LONG, 1, struct.pack(f"{head.order}I", below.entries - 2))
    return tree, head.order


def tree_of(exif: bytes) -> tuple[Tree, str]:
    """All of an EXIF as the tags of a TIFF, to be written anew, and the order of their bytes."""
    head = read_head(exif)
    first = read_directory(exif, head.first, head)
    return {**_carried(first), **_below(exif, first, head)}, head.order


def exif_of_tiff(data: bytes, directory: Directory, head: Head, orientation: int) -> bytes | None:
    """What a TIFF says of its image once it is upright, as EXIF; None when that is nothing.

    Args:
        data: the file.
        directory: that of the image.
        head: of the file.
        orientation: 1 to 8.
    """
    short = {n: t for n, t in _carried(directory).items() if len(t.data) <= LONGEST}
    tree = {**short, **_below(data, directory, head)}
    if orientation in LYING and all(tag in tree for tag in RESOLUTIONS):
        across, along = RESOLUTIONS
        tree[across], tree[along] = tree[along], tree[across]
    start = {"<": b"II", ">": b"MM"}[head.order] + struct.pack(f"{head.order}HI", 42, 8)
    return start + build(tree, head.order, 8) if tree else None


def lost_of_tiff(data: bytes, directory: Directory, head: Head) -> list[str]:
    """What `exif_of_tiff` leaves out or changes, a line each."""
    notes = list[str]()
    if GEO & directory.tags.keys():
        notes.append("its place on the map (GeoTIFF) is left out, since it is that of old pixels")
    if LAYERS in directory.tags:
        notes.append("its layers (Photoshop) are left out")
    long = [str(n) for n, tag in _carried(directory).items() if len(tag.data) > LONGEST]
    if long:
        notes.append(f"tags longer than {LONGEST} bytes are left out: {', '.join(long)}")
    below = below_of(data, directory, EXIF, head)
    if below and MAKER_NOTE in below.tags:
        notes.append("the notes of the camera's maker are moved; not all programs will read them")
    return notes


def _carried(directory: Directory) -> dict[int, Tag]:
    return {
        number: tag
        for number, tag in directory.tags.items()
        if number not in NOT_CARRIED and number not in PARTS and tag.kind <= LAST_KIND
    }


def _below(data: bytes, directory: Directory, head: Head) -> dict[int, Tag | Tree]:
    """The directories of `PARTS` and within them."""
    tree: dict[int, Tag | Tree] = {}
    for part, within in PARTS.items():
        if (below := below_of(data, directory, part, head)) and below.tags:
            tags: dict[int, Tag | Tree] = {
                n: t for n, t in below.tags.items() if n not in within and n not in IN_PIXELS
            }
            for inner in within:
                if (deeper := below_of(data, below, inner, head)) and deeper.tags:
                    tags[inner] = dict(deeper.tags)
            tree[part] = tags
    return tree
