"""How AVIF and JPEG 2000 say what their colours mean: a box `colr` (ISO 14496-12, 15444-1)."""

from srcore.images.raster import Chunk

NEAR = 1 << 16
"""Bytes from the start of a file in which the box is looked for."""
ICC_METHODS = (2, 3)
"""A profile of a matrix, or of any kind."""
UNKNOWN = 2
SRGB_LIKE = (1, 6, 13, 14, 15)
"""Transfer functions of ITU-T H.273 that are shown as that of sRGB: BT.709, BT.601, sRGB, and
BT.2020, whose function is that of BT.709."""
BT709 = 1


def jp2_profile(data: bytes) -> bytes | None:
    """The colour profile of a JPEG 2000 file, which Pillow does not give."""
    for box in _colours(data):
        if box[0] in ICC_METHODS:
            return box[3:]
    return None


def avif_space(data: bytes) -> tuple[Chunk, ...]:
    """The colour space of an AVIF by number, as PNG says it (cICP); nothing when it is sRGB."""
    for box in _colours(data):
        if box[:4] == b"nclx" and len(box) >= 8:
            primaries, transfer = box[5], box[7]
            if primaries in (BT709, UNKNOWN) and transfer in (UNKNOWN, *SRGB_LIKE):
                return ()
            return ((b"cICP", bytes((primaries, transfer, 0, 1))),)
    return ()


def _colours(data: bytes) -> list[bytes]:
    """The content of the boxes of that name, in their order."""
    found, start = list[bytes](), bytes(data[:NEAR])
    at = start.find(b"colr")
    while at >= 4:
        length = int.from_bytes(start[at - 4 : at], "big")
        if 12 <= length <= len(data) - at + 4:
            found.append(bytes(data[at + 4 : at - 4 + length]))
        at = start.find(b"colr", at + 4)
    return found
