"""WebP, quality 95."""

from pathlib import Path
from typing import Any

from srcore.images.formats.format import Format, whole
from srcore.images.raster import Rows


def write(rows: Rows, path: Path) -> None:
    """Write an image as WebP; colours that are transparent are kept."""
    kept = rows.kept
    options: dict[str, Any] = {
        name: value
        for name, value in (("icc_profile", kept.icc), ("exif", kept.exif), ("xmp", kept.xmp))
        if value
    }
    whole(rows).save(path, "WEBP", quality=95, exact=True, **options)


FORMAT = Format(
    "WEBP", (".webp",), 16_383, write, grey=False, holds=frozenset({"icc", "exif", "xmp"})
)
