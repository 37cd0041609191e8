"""Pixels per inch, and the shape of pixels that are not square."""

from fractions import Fraction

from srcore.images.reading.exif import LYING

INCH = 0.0254
"""Metres."""
FINEST = 1000
"""Largest denominator of a ratio."""
LONGEST = 60
"""Largest ratio that is believed, and 1 / this the smallest; JPEG has room for 65 with `FINEST`."""


def aspect_of(across: float, along: float) -> Fraction | None:
    """Pixels across / along the same length; None when they are square, or that is no number.

    Args:
        across: pixels per length of unknown unit from left to right.
        along: the same from top to bottom.
    """
    if not (0 < across < 2**32 and 0 < along < 2**32):
        return None
    aspect = Fraction(across) / Fraction(along)
    if not 1 / Fraction(LONGEST) <= aspect <= LONGEST:
        return None
    aspect = aspect.limit_denominator(FINEST)
    return None if aspect == 1 else aspect


def dpi_upright(dpi: tuple[float, float] | None, orientation: int) -> tuple[float, float] | None:
    """Pixels per inch across and along the upright image, of those of the image as it lies."""
    return (dpi[1], dpi[0]) if dpi and orientation in LYING else dpi


def aspect_upright(aspect: Fraction | None, orientation: int) -> Fraction | None:
    """The ratio of `aspect_of` for the upright image, of that of the image as it lies."""
    return 1 / aspect if aspect and orientation in LYING else aspect
