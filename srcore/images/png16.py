"""PNG of 16 bits a channel, which Pillow writes for grey alone (PNG specification, 2003)."""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from srcore.images.metadata import exif_of
from srcore.images.raster import Kept

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Channels → how PNG numbers grey, grey with alpha, RGB, RGB with alpha."""
UP = 2
"""The filter by which every row is written: the difference to the row above, byte by byte."""
ROWS = 64
"""Rows that are filtered and compressed at once."""
INCH = 0.0254
"""Metres."""


def write_png16(channels: NDArray[np.uint16], kept: Kept, path: Path) -> None:
    """Write (H, W, C) with 1 to 4 channels, its profile, resolution and EXIF."""
    height, width, count = channels.shape
    with path.open("wb") as file:
        file.write(SIGNATURE)
        head = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPES[count], 0, 0, 0)
        _chunk(file, b"IHDR", head)
        if kept.icc:
            _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(kept.icc))
        if kept.dpi:
            across, along = (round(value / INCH) for value in kept.dpi)
            _chunk(file, b"pHYs", struct.pack(">IIB", across, along, 1))
        if exif := exif_of(kept, (width, height)):
            _chunk(file, b"eXIf", exif.removeprefix(b"Exif\0\0"))
        packer, above = zlib.compressobj(), np.zeros((1, 2 * width * count), np.uint8)
        for start in range(0, height, ROWS):
            band = channels[start : start + ROWS].astype(">u2")
            rows = band.reshape(len(band), -1).view(np.uint8)
            filtered = np.full((len(rows), 1 + rows.shape[1]), UP, np.uint8)
            filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
            above = rows[-1:]
            _chunk(file, b"IDAT", packer.compress(filtered.tobytes()))
        _chunk(file, b"IDAT", packer.flush())
        _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name + data)
    file.write(struct.pack(">I", zlib.crc32(name + data)))
