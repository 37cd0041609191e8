"""BMP, which holds pixels and their resolution."""

from pathlib import Path
from typing import Any

from srcore.images.formats.format import Format, whole
from srcore.images.raster import Rows


def write(rows: Rows, path: Path) -> None:
    """Write an image as BMP."""
    options: dict[str, Any] = {"dpi": rows.kept.dpi} if rows.kept.dpi else {}
    whole(rows).save(path, "BMP", **options)


FORMAT = Format("BMP", (".bmp",), 2**31 - 1, write, alpha=False, holds=frozenset({"dpi"}))
