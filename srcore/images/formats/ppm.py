"""PPM and PGM, which hold pixels and nothing else."""

from pathlib import Path

from srcore.images.formats.format import Format
from srcore.images.raster import Rows


def write(rows: Rows, path: Path) -> None:
    """Write an image as PPM, or as PGM when it is grey."""
    width, height = rows.size
    with path.open("wb") as file:
        file.write(b"P%d\n%d %d\n255\n" % (5 if rows.channels == 1 else 6, width, height))
        for band in rows.bands:
            file.write(band.tobytes())


FORMAT = Format("PPM", (".ppm", ".pgm", ".pnm"), 2**31 - 1, write, alpha=False, by_rows=True)
