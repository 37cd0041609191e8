"""An image as the command holds it between reading and writing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8 | np.uint16]
"""Whole numbers of 8 or 16 bits a channel, the largest of which is white."""


def white(pixels: Pixels) -> int:
    """The value that means white: 255 or 65535."""
    return int(np.iinfo(pixels.dtype).max)


@dataclass(frozen=True)
class Kept:
    """What a file says beside its pixels, and is written again.

    Attributes:
        exif: what the camera and the owner noted; upright, as the pixels are.
        icc: the colour profile, None without.
        dpi: pixels an inch, across and along, None when unsaid.
    """

    exif: Image.Exif
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None


@dataclass(frozen=True)
class Raster:
    """Pixels of 8 or 16 bits a channel, and what the file says beside them.

    Attributes:
        colours: (H, W, 3), or (H, W, 1) when the image is grey.
        alpha: (H, W) of the same depth, 0 where transparent; None when all is opaque.
        kept: what the file says beside its pixels.
    """

    colours: Pixels
    alpha: Pixels | None
    kept: Kept

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.colours.shape[:2]
        return width, height
