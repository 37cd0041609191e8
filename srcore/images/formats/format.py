"""What every format that is written says of itself."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from srcore.images.raster import Kept, Rows

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Channels → how Pillow calls them."""
PARTS = {
    "icc": "colour profile",
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC captions",
    "comment": "comment",
    "texts": "PNG text",
    "rendering": "gamma or colour space (gAMA, cHRM, cICP)",
    "dpi": "resolution",
    "aspect": "pixel aspect ratio",
}
"""Parts of `Kept` → what a user calls them."""


@dataclass(frozen=True)
class Format:
    """A format that images are written in.

    Attributes:
        name: as Pillow calls it.
        extensions: of names of its files, the usual one first.
        longest: largest width or height in pixels.
        write: writes an image, all of which the format can hold, to a path.
        alpha: whether it holds transparency.
        wide: whether it holds 16 bits per channel.
        grey: whether it holds one channel of colour; else grey is written as RGB.
        colour: whether it holds more than grey.
        by_rows: whether it is written a band of rows at a time; else it is in memory whole.
        holds: the parts of `Kept` that it holds.
        most: part of `Kept` → the most bytes of it.
        dpi: the least and the most pixels per inch that it holds.
    """

    name: str
    extensions: tuple[str, ...]
    longest: int
    write: Callable[[Rows, Path], None]
    alpha: bool = True
    wide: bool = False
    grey: bool = True
    colour: bool = True
    by_rows: bool = False
    holds: frozenset[str] = frozenset()
    most: dict[str, int] = field(default_factory=dict[str, int])
    dpi: tuple[float, float] = (0, math.inf)

    def keeps(self, kept: Kept, part: str) -> bool:
        """Whether that part of what is kept is written."""
        value = getattr(kept, part)
        if not value or part not in self.holds:
            return False
        if part == "dpi":
            return all(self.dpi[0] <= dots <= self.dpi[1] for dots in value)
        return not isinstance(value, bytes) or len(value) <= self.most.get(part, len(value))


def options(**parts: object) -> dict[str, Any]:
    """Pillow's options for the parts that are there."""
    return {name: value for name, value in parts.items() if value}


def whole(rows: Rows) -> Image.Image:
    """All bands in one image of Pillow; it is never in memory twice."""
    image = Image.new(MODES[rows.channels], rows.size)
    top = 0
    for band in rows.bands:
        pixels = np.ascontiguousarray(band[..., 0] if rows.channels == 1 else band)
        image.paste(Image.fromarray(pixels), (0, top))
        top += len(band)
    return image
