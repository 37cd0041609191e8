"""What every kind of file gives before its pixels are read."""

from collections.abc import Callable
from dataclasses import dataclass

from srcore.images.raster import Kept, Pixels

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""What is read. Not all that Pillow can: its EPS reader, for one, starts another program."""


@dataclass(frozen=True)
class Opened:
    """An image's file whose head was read.

    Attributes:
        kind: format, JPEG for those of several images too, PGM for a grey PPM.
        size: width and height in pixels as they lie in the file, perhaps not upright.
        orientation: 1 to 8, as EXIF numbers it.
        alpha: whether something may be transparent.
        wide: whether the pixels are read with 16 bits per channel.
        grey: whether there is one channel of colour.
        kept: what is said beside the pixels.
        notes: what will not come out as it goes in.
        pixels: reads them: (H, W, C) with C channels of grey or RGB and, at the end, straight
            alpha, not yet upright. Raises whatever damage makes it raise.
    """

    kind: str
    size: tuple[int, int]
    orientation: int
    alpha: bool
    wide: bool
    grey: bool
    kept: Kept
    notes: tuple[str, ...]
    pixels: Callable[[], Pixels]


MAX_BYTES = 1 << 30
"""Of a file; an image of the largest size that is read takes less, even when nothing is packed."""
MOST_PAGES = 10_000
"""Frames or pages of a file that are counted."""
SECOND_IMAGE = "another image in its file (a gain map, a depth, a preview) is left out"
"""Note on a file with an image that is neither a frame nor a page."""


def pages(count: int) -> list[str]:
    """What is said of a file with so many images."""
    many = f"more than {MOST_PAGES}" if count > MOST_PAGES else f"{count}"
    return [f"{many} frames or pages, of which the first is used"] if count > 1 else []
