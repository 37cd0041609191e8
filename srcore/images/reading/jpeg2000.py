"""JPEG 2000 (ISO 15444-1): what Pillow does not give of it, or gives wrong."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from srcore.images.error import ImageError
from srcore.images.raster import Pixels, white
from srcore.images.reading.boxes import jp2_profile
from srcore.images.reading.found import Found, by_pillow, loaded

XMP = b"uuid" + bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
"""How the box begins that holds XMP (XMP specification, part 3)."""
EXIF = b"uuidJpgTiffExif->JP2"
"""How the box begins that holds EXIF, as programs write it; no standard has it."""
START = b"\xff\x4f\xff\x51"
"""How the codestream begins: SOC, and SIZ, which has the depth of every channel."""
PALETTE = b"pclr"


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What a JPEG 2000 holds.

    Raises:
        ImageError: it has more than 8 bits per channel, and is not grey.
    """
    found = by_pillow(image, "JPEG2000")
    depths = _depths(data)
    bits = max(depths, default=8)
    if bits > 8 and not found.wide:
        # Pillow rounds to 8 bits beyond white, which is then black.
        raise ImageError(f"{bits} bits per channel are not read of it; convert it to 8 bits")

    def pixels(icc: bytes | None) -> Pixels:
        if found.space == "CMYK":
            return loaded(image, icc)
        image.load()
        return _to_largest(image, data, depths)

    return replace(
        found, pixels=pixels, icc=jp2_profile(data), exif=_box(data, EXIF), xmp=_box(data, XMP)
    )


def _box(data: bytes, name: bytes) -> bytes | None:
    at = data.find(name)
    if at < 4:
        return None
    length = int.from_bytes(data[at - 4 : at], "big")
    end = at - 4 + length if length else len(data)  # 0: up to the end of the file
    return bytes(data[at + len(name) : end]) or None


def _depths(data: bytes) -> list[int]:
    """Bits of every channel of the codestream, none where it has no head."""
    start = data.find(START)
    if start < 0:
        return []
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    return [(depth & 0x7F) + 1 for depth in data[start + 42 : start + 42 + 3 * count : 3]]


def _to_largest(image: Image.Image, data: bytes, depths: list[int]) -> Pixels:
    """The pixels of a loaded image, (H, W, C), whose largest value is white in every channel.

    Pillow shifts the bits of a channel up to 8 or 16, which leaves the lowest ones empty.

    Raises:
        ImageError: its palette has more than 8 bits.
    """
    pixels = np.asarray(image)
    planes = pixels if pixels.ndim == 3 else pixels[..., None]
    if image.mode in ("P", "PA"):
        return _coloured(planes, data, depths)
    each = zip(np.moveaxis(planes, 2, 0), depths, strict=True)
    return np.stack([_to_white(plane, depth) for plane, depth in each], axis=2)


def _to_white(plane: NDArray[np.integer], bits: int) -> Pixels:
    wide = plane.dtype.itemsize > 1
    levels = plane.astype(np.uint16 if wide else np.uint8)
    depth = 16 if wide else 8
    if bits >= depth:
        return levels
    largest = ((1 << bits) - 1) << (depth - bits)
    return np.rint(levels * (white(levels) / largest)).astype(levels.dtype)


def _coloured(planes: Pixels, data: bytes, depths: list[int]) -> Pixels:
    """Colours by the file's own palette: Pillow shifts places in it, too, and drops twins.

    Raises:
        ImageError: the palette has more than 8 bits.
    """
    at = data.find(PALETTE) + len(PALETTE)
    count, columns = int.from_bytes(data[at : at + 2], "big"), data[at + 2]
    start = at + 3 + columns
    if any(bits & 0x7F > 7 for bits in data[at + 3 : start]):
        raise ImageError("its palette has more than 8 bits, which are not read")
    table = np.frombuffer(data[start : start + count * columns], np.uint8).reshape(count, columns)
    places = planes[..., 0] >> (8 - depths[0])
    parts = [table[np.minimum(places, count - 1)]]
    parts += [_to_white(planes[..., 1], depths[1])[..., None]] if planes.shape[2] == 2 else []
    return np.concatenate(parts, axis=2)
