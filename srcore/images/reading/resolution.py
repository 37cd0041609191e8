"""Pixels per inch."""

from srcore.images.reading.exif import LYING

INCH = 0.0254
"""Metres."""


def dpi_upright(dpi: tuple[float, float] | None, orientation: int) -> tuple[float, float] | None:
    """Pixels per inch across and along the upright image, of those of the image as it lies."""
    return (dpi[1], dpi[0]) if dpi and orientation in LYING else dpi
