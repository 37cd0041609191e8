"""WebP, quality 95."""

from pathlib import Path

from srcore.images.formats.format import Format, options, whole
from srcore.images.raster import Rows


def write(rows: Rows, path: Path) -> None:
    """Write an image as WebP; colours that are transparent are kept."""
    kept = rows.kept
    parts = options(icc_profile=kept.icc, exif=kept.exif, xmp=kept.xmp)
    whole(rows).save(path, "WEBP", quality=95, exact=True, **parts)


FORMAT = Format(
    "WEBP", (".webp",), 16_383, write, grey=False, holds=frozenset({"icc", "exif", "xmp"})
)
