"""AVIF, quality 90, colours as sharp as the light."""

from pathlib import Path
from typing import Any

from srcore.images.formats.format import Format, whole
from srcore.images.raster import Rows


def write(rows: Rows, path: Path) -> None:
    """Write an image as AVIF."""
    kept = rows.kept
    options: dict[str, Any] = {
        name: value
        for name, value in (("icc_profile", kept.icc), ("exif", kept.exif), ("xmp", kept.xmp))
        if value
    }
    whole(rows).save(path, "AVIF", quality=90, subsampling="4:4:4", **options)


FORMAT = Format(
    "AVIF", (".avif",), 65_536, write, grey=False, holds=frozenset({"icc", "exif", "xmp"})
)
