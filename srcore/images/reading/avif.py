"""AVIF: its depth, colour space and EXIF, of which Pillow gives less than there is."""

from collections.abc import Iterator
from dataclasses import replace

from PIL import ImageFile

from srcore.images.raster import Chunk
from srcore.images.reading.found import Found, as_bytes, by_pillow
from srcore.images.reading.opened import SECOND_IMAGE

HEAD = 4096
"""Bytes from the start of a file in which its depth and its gain map are looked for."""
NEAR = 1 << 16
"""Bytes from the start of a file in which the box with its colour space is looked for."""
UNKNOWN = 2
SRGB_LIKE = (1, 6, 13, 14, 15)
"""Transfer functions of ITU-T H.273 that are shown as that of sRGB: BT.709, BT.601, sRGB, and
BT.2020, whose function is that of BT.709."""
BT709 = 1


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What an AVIF holds."""
    found = by_pillow(image, "AVIF")
    bits, notes = _bits(data), found.notes
    if bits > 8:
        notes = (f"{bits} bits per channel become 8", *notes)
    if b"tmap" in bytes(data[:HEAD]):
        notes += (SECOND_IMAGE,)
    exif, orientation = found.exif, None
    # If the image is rotated, Pillow writes its EXIF anew, and texts are lost.
    if (decoder := getattr(image, "_decoder", None)) is not None:
        *_, raw, orientation, _ = decoder.get_info()
        exif, orientation = as_bytes(raw), int(orientation)
    return replace(found, exif=exif, orientation=orientation, rendering=_space(data), notes=notes)


def _bits(data: bytes) -> int:
    """Bits per channel in the file, of which Pillow keeps 8."""
    config = data.find(b"av1C", 0, HEAD)
    if config <= 0:
        return 8
    flags = data[config + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _space(data: bytes) -> tuple[Chunk, ...]:
    """The colour space by number, as PNG stores it (cICP); nothing if it is sRGB."""
    for box in _colours(data):
        if box[:4] == b"nclx" and len(box) >= 8:
            primaries, transfer = box[5], box[7]
            if primaries in (BT709, UNKNOWN) and transfer in (UNKNOWN, *SRGB_LIKE):
                return ()
            return ((b"cICP", bytes((primaries, transfer, 0, 1))),)
    return ()


def _colours(data: bytes) -> Iterator[bytes]:
    """At most the first 8 bytes of each box `colr` (ISO 14496-12), in their order.

    What looks like such a box may be other data, so many of them may lie in each other.
    """
    start = bytes(data[:NEAR])
    at = start.find(b"colr")
    while at >= 4:
        length = int.from_bytes(start[at - 4 : at], "big")
        if 12 <= length <= len(data) - at + 4:
            yield bytes(data[at + 4 : at + min(length - 4, 12)])
        at = start.find(b"colr", at + 4)
