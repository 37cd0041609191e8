"""BMP: the colour profile of its fifth version, which Pillow does not read (BITMAPV5HEADER)."""

import struct
from dataclasses import replace

from PIL import ImageFile

from srcore.images.reading.colour import DAMAGED
from srcore.images.reading.found import Found, by_pillow, with_profile

HEADER, SIZE = 14, 124
"""Place of the header, and its bytes in the fifth version."""
COLOUR_SPACE, PROFILE = 56, 112
"""Places in the header: of the kind of colour space, and of where the profile is."""
EMBEDDED, LINKED = b"DEBM", b"KNIL"


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What a BMP holds."""
    found, header = by_pillow(image, "BMP"), bytes(data[HEADER : HEADER + SIZE])
    if len(header) < SIZE or int.from_bytes(header[:4], "little") != SIZE:
        return found
    kind = header[COLOUR_SPACE : COLOUR_SPACE + 4]
    if kind == LINKED:
        return replace(found, notes=("its colour profile is in another file, and is left out",))
    if kind != EMBEDDED:
        return found
    place, length = struct.unpack_from("<II", header, PROFILE)
    icc = bytes(data[HEADER + place : HEADER + place + length])
    return with_profile(found, icc) if icc else replace(found, notes=(DAMAGED,))
