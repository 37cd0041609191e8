"""The table of formats that are written. What else is read (GIF, JPEG 2000) becomes PNG.

Adding a format: one file in this folder, one line here.
"""

from pathlib import Path

from srcore.images.formats import avif, bmp, jpeg, png, ppm, tiff, webp
from srcore.images.formats.format import Format

FORMATS: dict[str, Format] = {
    "JPEG": jpeg.FORMAT,
    "PNG": png.FORMAT,
    "TIFF": tiff.FORMAT,
    "WEBP": webp.FORMAT,
    "AVIF": avif.FORMAT,
    "BMP": bmp.FORMAT,
    "PPM": ppm.PPM,
    "PGM": ppm.PGM,
}
"""Pillow's name of a format (PGM for a grey PPM) → what it can hold, and how it is written."""


def kind_of_ending(path: Path) -> str | None:
    """The format that the ending of a file's name asks for, None when it is of none."""
    ending = path.suffix.lower()
    return next((name for name, kind in FORMATS.items() if ending in kind.endings), None)
