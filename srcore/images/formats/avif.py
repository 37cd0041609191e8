"""AVIF, quality 90, colours as sharp as the light."""

from pathlib import Path

from srcore.images.formats.format import Format, options, whole
from srcore.images.raster import Rows


def write(rows: Rows, path: Path) -> None:
    """Write an image as AVIF."""
    kept = rows.kept
    parts = options(icc_profile=kept.icc, exif=kept.exif, xmp=kept.xmp)
    whole(rows).save(path, "AVIF", quality=90, subsampling="4:4:4", **parts)


FORMAT = Format(
    "AVIF", (".avif",), 65_536, write, grey=False, holds=frozenset({"icc", "exif", "xmp"})
)
