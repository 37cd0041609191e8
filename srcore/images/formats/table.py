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


def format_of_extension(path: Path) -> str | None:
    """The format that the extension of a file's name asks for, None when it is of none."""
    extension = path.suffix.lower()
    return next((name for name, kind in FORMATS.items() if extension in kind.extensions), None)
