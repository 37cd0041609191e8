"""JPEG, also with several images in its file (MPO): damage, comments, captions, resolution."""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from PIL import Image, ImageFile

from srcore.images.error import ImageError
from srcore.images.raster import Pixels
from srcore.images.reading import vips
from srcore.images.reading.colour import DAMAGED
from srcore.images.reading.found import Found, by_pillow
from srcore.images.reading.iptc import RESOURCE
from srcore.images.reading.numbers import NO_UNIT, UNIT, X_RESOLUTION
from srcore.images.reading.opened import SECOND_IMAGE
from srcore.images.reading.resolution import aspect_of

MADE_UP_DPI = (72, 72)
"""What Pillow gives for a JPEG that has EXIF, but no resolution."""
PROFILE = b"ICC_PROFILE\0"
"""How a segment with a part of the colour profile begins."""
HARMFUL = re.compile(
    r"premature end of data segment|bad (?:Huffman|arithmetic) code"
    r"|found marker 0x\w+ instead of \w+"
)
"""Warnings of libjpeg after which pixels may be wrong: if the scan ends one byte too early, some of
the last block. Others, such as "extraneous bytes before marker", also come if all are right."""


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What a JPEG holds."""
    found = by_pillow(image, "JPEG")

    def pixels(icc: bytes | None) -> Pixels:
        # Pillow fills what it cannot decode with a colour, and reports only a missing end. This
        # goes first, so that not both decoders have their memory at once.
        if harm := HARMFUL.search(vips.jpeg_warning(bytes(data), image.size)):
            raise ImageError(f"damaged: {harm[0]}")
        return found.pixels(icc)

    notes = found.notes
    if image.format == "MPO":  # whose other images are no pages
        notes = (SECOND_IMAGE,)
    if not found.icc and any(part.startswith(PROFILE) for _, part in _segments(image)):
        notes += (DAMAGED,)
    return replace(
        found,
        pixels=pixels,
        iptc=_iptc(image.info),
        comment=_comments(image),
        dpi=found.dpi if _has_dpi(image) else None,
        aspect=_aspect(image),
        notes=notes,
    )


def _comments(image: Image.Image) -> bytes | None:
    """All comments, each on a line."""
    return b"\n".join(part for name, part in _segments(image) if name == "COM") or None


def _segments(image: Image.Image) -> list[tuple[str, bytes]]:
    """Name and content of the segments APP0 to APP15 and COM."""
    return getattr(image, "applist", [])


def _iptc(info: Mapping[Any, Any]) -> bytes | None:
    resources = info.get("photoshop")
    caption = resources.get(RESOURCE) if isinstance(resources, Mapping) else None
    return caption if isinstance(caption, bytes) else None


def _has_dpi(image: Image.Image) -> bool:
    if image.info.get("jfif_unit"):
        return True
    exif = image.getexif()
    if exif.get(UNIT) == NO_UNIT:
        return False  # Pillow takes the ratio for pixels per inch
    return image.info.get("dpi") != MADE_UP_DPI or exif.get(X_RESOLUTION) == MADE_UP_DPI[0]


def _aspect(image: Image.Image) -> Fraction | None:
    """The ratio of a JPEG whose resolution has no unit."""
    has_unit = image.info.get("jfif_unit") != 0
    return None if has_unit else aspect_of(*image.info.get("jfif_density", (1, 1)))
