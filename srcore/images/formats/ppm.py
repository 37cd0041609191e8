"""PPM and PGM, which hold pixels and nothing else: one colours, the other grey."""

from pathlib import Path

from srcore.images.formats.format import Format
from srcore.images.raster import Rows


def write_ppm(rows: Rows, path: Path) -> None:
    """Write an image of colours as PPM."""
    _write(rows, path, b"P6")


def write_pgm(rows: Rows, path: Path) -> None:
    """Write an image of grey as PGM."""
    _write(rows, path, b"P5")


def _write(rows: Rows, path: Path, start: bytes) -> None:
    with path.open("wb") as file:
        file.write(b"%s\n%d %d\n255\n" % (start, *rows.size))
        for band in rows.bands:
            file.write(band.tobytes())


PPM = Format("PPM", (".ppm", ".pnm"), 2**31 - 1, write_ppm, alpha=False, grey=False, by_rows=True)
PGM = Format("PGM", (".pgm",), 2**31 - 1, write_pgm, alpha=False, colour=False, by_rows=True)
