"""PNG of 8 or 16 bits per channel, a band of rows at a time (specification, third edition)."""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from srcore.images.formats.format import Format
from srcore.images.raster import Kept, Rows
from srcore.images.reading.png import (
    METRE,
    NO_UNIT,
    PACKET,
    RENDERING,
    SIGNATURE,
)
from srcore.images.reading.resolution import INCH

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Channels → how PNG numbers grey, grey with alpha, RGB, RGB with alpha."""
UP = 2
"""The filter by which every row is written: the difference to the row above, byte by byte. Of
enlarged images, files are a tenth smaller than with the filter chosen row by row."""
ROWS = 64
"""Rows that are filtered and compressed at once."""
LONGEST = 2**31 - 1


def write(rows: Rows, path: Path) -> None:
    """Write an image of any channels and depth, with all that is kept but IPTC and a comment."""
    width, height = rows.size
    depth = 16 if rows.wide else 8
    with path.open("wb") as file:
        file.write(SIGNATURE)
        head = struct.pack(">IIBBBBB", width, height, depth, COLOUR_TYPES[rows.channels], 0, 0, 0)
        _chunk(file, b"IHDR", head)
        _before_pixels(file, rows.kept)
        packer = zlib.compressobj()
        above = np.zeros((1, depth // 8 * width * rows.channels), np.uint8)
        for band in rows.bands:
            for start in range(0, len(band), ROWS):
                part = band[start : start + ROWS].astype(">u2" if rows.wide else np.uint8)
                bytes_ = np.ascontiguousarray(part).reshape(len(part), -1).view(np.uint8)
                filtered = np.full((len(bytes_), 1 + bytes_.shape[1]), UP, np.uint8)
                filtered[:, 1:] = bytes_ - np.concatenate([above, bytes_[:-1]])
                above = bytes_[-1:].copy()
                if packed := packer.compress(filtered.tobytes()):
                    _chunk(file, b"IDAT", packed)
        _chunk(file, b"IDAT", packer.flush())
        for name, text in rows.kept.texts:
            _chunk(file, name, text)
        _chunk(file, b"IEND", b"")


def _before_pixels(file: BinaryIO, kept: Kept) -> None:
    """What a reader needs before the pixels: the colours first, then all else but long texts."""
    for name, part in kept.rendering:
        if name in RENDERING and not (kept.icc and name == b"sRGB"):
            _chunk(file, name, part)
    if kept.icc:
        _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(kept.icc))
    if kept.dpi:
        across, along = (round(value / INCH) for value in kept.dpi)
        _chunk(file, b"pHYs", struct.pack(">IIB", across, along, METRE))
    elif kept.aspect:
        _chunk(file, b"pHYs", struct.pack(">IIB", *kept.aspect.as_integer_ratio(), NO_UNIT))
    if kept.exif:
        _chunk(file, b"eXIf", kept.exif)
    if kept.xmp:
        _chunk(file, b"iTXt", PACKET + bytes(5) + kept.xmp)


def _chunk(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name + data)
    file.write(struct.pack(">I", zlib.crc32(name + data)))


FORMAT = Format(
    "PNG",
    (".png",),
    LONGEST,
    write,
    wide=True,
    by_rows=True,
    holds=frozenset({"icc", "exif", "xmp", "texts", "rendering", "dpi", "aspect"}),
    dpi=(INCH, INCH * LONGEST),
)
