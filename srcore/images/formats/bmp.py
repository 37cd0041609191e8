"""BMP, which holds pixels and their resolution."""

from pathlib import Path

from srcore.images.formats.format import Format, options, whole
from srcore.images.raster import Rows
from srcore.images.reading.resolution import INCH


def write(rows: Rows, path: Path) -> None:
    """Write an image as BMP."""
    whole(rows).save(path, "BMP", **options(dpi=rows.kept.dpi))


FORMAT = Format(
    "BMP",
    (".bmp",),
    2**31 - 1,
    write,
    alpha=False,
    holds=frozenset({"dpi"}),
    dpi=(INCH, INCH * (2**31 - 1)),
)
