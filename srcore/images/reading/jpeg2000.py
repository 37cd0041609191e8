"""JPEG 2000 (ISO 15444-1): what Pillow does not give of it, or gives wrong."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from srcore.images.error import ImageError
from srcore.images.raster import Pixels, white
from srcore.images.reading.colour import cmyk_to_rgb
from srcore.images.reading.found import Found, by_pillow
from srcore.images.reading.jp2_head import Palette, colours_of, head_of, layout_of, palette_of

XMP = b"uuid" + bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
"""How the box begins that holds XMP (XMP specification, part 3)."""
EXIF = b"uuidJpgTiffExif->JP2"
"""How the box begins that holds EXIF, as programs write it; no standard has it."""
START = b"\xff\x4f\xff\x51"
"""How the codestream begins: SOC, and SIZ, which has the depth of every channel."""


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What a JPEG 2000 holds.

    Raises:
        ImageError: of more than 8 bits per channel and not grey, or of colours, channels or a
            palette that are not read.
    """
    found, depths, head = by_pillow(image, "JPEG2000"), _depths(data), head_of(data)
    bits = max(depths, default=8)
    if bits > 8 and not found.wide:
        # Pillow rounds to 8 bits beyond white, which is then black.
        raise ImageError(f"{bits} bits per channel are not read of it; convert it to 8 bits")
    components = len(depths) or len(image.getbands())
    colours, palette = colours_of(head), palette_of(head, components)
    layout = layout_of(head, len(palette.channels) if palette else components, colours)
    left = layout.left_out

    def pixels(icc: bytes | None) -> Pixels:
        image.load()
        stored = np.asarray(image)
        planes = list(np.moveaxis(stored if stored.ndim == 3 else stored[..., None], 2, 0))
        channels = (
            _coloured(planes, palette, depths)
            if palette
            else [_to_largest(*plane) for plane in zip(planes, depths, strict=True)]
        )
        seen = np.stack([channels[k] for k in layout.colours], axis=2)
        if colours.cmyk:
            size = (seen.shape[1], seen.shape[0])
            seen = np.asarray(cmyk_to_rgb(Image.frombytes("CMYK", size, seen.tobytes()), icc))
        if layout.alpha is None:
            return seen
        alpha = channels[layout.alpha][..., None]
        seen = _divided(seen, alpha) if layout.premultiplied else seen
        return np.concatenate([seen, alpha], axis=2)

    return replace(
        found,
        space={1: "L", 3: "RGB", 4: "CMYK"}[len(layout.colours)],
        alpha=layout.alpha is not None,
        wide=found.wide and not palette,
        pixels=pixels,
        icc=colours.icc,
        exif=_box(data, EXIF),
        xmp=_box(data, XMP),
        notes=(f"{left} more channels of unknown meaning are left out",) if left else (),
    )


def _box(data: bytes, name: bytes) -> bytes | None:
    at = data.find(name)
    if at < 4:
        return None
    length = int.from_bytes(data[at - 4 : at], "big")
    end = at - 4 + length if length else len(data)  # 0: up to the end of the file
    return bytes(data[at + len(name) : end]) or None


def _depths(data: bytes) -> list[int]:
    """Bits of every component of the codestream, none where it has no head."""
    start = data.find(START)
    if start < 0:
        return []
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    return [(depth & 0x7F) + 1 for depth in data[start + 42 : start + 42 + 3 * count : 3]]


def _to_largest(plane: NDArray[np.integer], bits: int) -> Pixels:
    """A plane whose largest value is white.

    Pillow shifts the bits of a channel up to 8 or 16, which leaves the lowest ones empty.
    """
    wide = plane.dtype.itemsize > 1
    levels = plane.astype(np.uint16 if wide else np.uint8)
    depth = 16 if wide else 8
    if bits >= depth:
        return levels
    largest = ((1 << bits) - 1) << (depth - bits)
    return np.rint(levels * (white(levels) / largest)).astype(levels.dtype)


def _coloured(
    planes: list[NDArray[np.integer]], palette: Palette, depths: list[int]
) -> list[Pixels]:
    """Channels by the file's own palette: Pillow shifts places in it, too, and drops twins."""
    made = list[Pixels]()
    for component, column in palette.channels:
        plane, bits = planes[component], depths[component]
        if column is None:
            made.append(_to_largest(plane, bits))
        else:
            levels = palette.table[:, column] << (8 - palette.depths[column])
            table = _to_largest(levels, palette.depths[column])
            places = plane >> (8 * plane.dtype.itemsize - bits)
            made.append(table[np.minimum(places, len(table) - 1)])
    return made


def _divided(colours: Pixels, alpha: Pixels) -> Pixels:
    """Colours of 8 bits that were multiplied by alpha, as they were before."""
    visible = np.maximum(alpha, 1).astype(np.uint16)
    made = (colours.astype(np.uint16) * 255 + visible // 2) // visible
    return np.minimum(made, 255).astype(np.uint8)
