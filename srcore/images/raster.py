"""An image as it is held between reading and writing."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8 | np.uint16]
"""Whole numbers of 8 or 16 bits per channel, the largest of which is white."""
Chunk = tuple[bytes, bytes]
"""Name and content of a part of a PNG."""


def white(pixels: Pixels) -> int:
    """The value that means white: 255 or 65535."""
    return int(np.iinfo(pixels.dtype).max)


def eight_bits(pixels: Pixels) -> NDArray[np.uint8]:
    """The same with 8 bits per channel, rounded."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 / 255 = 257


@dataclass(frozen=True)
class Kept:
    """What a file says beside its pixels, and is written again byte for byte.

    Attributes:
        exif: the tags of camera and owner as a TIFF structure; it names no orientation and no
            preview, since the pixels are upright and enlarged.
        icc: the colour profile.
        xmp: the XMP packet.
        iptc: IPTC captions.
        comment: the comment of a JPEG or a GIF.
        texts: the texts of a PNG.
        rendering: the parts of a PNG that tell how its values are seen: gAMA, cHRM, cICP, … An AVIF
            has its colour space here too, as cICP.
        dpi: pixels per inch, across and along.
        aspect: pixels across / along the same length, when only that is known and they are not
            square.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    texts: tuple[Chunk, ...] = ()
    rendering: tuple[Chunk, ...] = ()
    dpi: tuple[float, float] | None = None
    aspect: Fraction | None = None

    @property
    def present(self) -> frozenset[str]:
        """Names of the parts that there are."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name))


@dataclass(frozen=True)
class Raster:
    """Pixels of 8 or 16 bits per channel, and what the file says beside them.

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


@dataclass(frozen=True)
class Rows:
    """An image that comes a band of rows at a time, so that it is never in memory whole.

    Attributes:
        size: width and height in pixels.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
        wide: whether a channel has 16 bits.
        kept: what is written beside the pixels.
        bands: from top to bottom, each (rows, W, channels), uint8 or uint16; once.
    """

    size: tuple[int, int]
    channels: int
    wide: bool
    kept: Kept
    bands: Iterator[Pixels]


def rows_of(image: Raster, height: int = 256) -> Rows:
    """The bands of an image that is in memory."""
    parts = [image.colours] if image.alpha is None else [image.colours, image.alpha[..., None]]
    bands = (
        np.concatenate([part[top : top + height] for part in parts], axis=2)
        for top in range(0, image.size[1], height)
    )
    channels = sum(part.shape[2] for part in parts)
    return Rows(image.size, channels, image.colours.dtype == np.uint16, image.kept, bands)


def raster_of(rows: Rows) -> Raster:
    """All bands as one image."""
    channels = np.concatenate(list(rows.bands))
    colours = 1 if rows.channels < 3 else 3
    alpha = channels[..., -1] if rows.channels in (2, 4) else None
    return Raster(channels[..., :colours], alpha, rows.kept)
