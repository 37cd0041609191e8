"""TIFF of 8 or 16 bits per channel, Deflate, written a band of rows at a time (revision 6)."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from srcore.images.formats.format import Format
from srcore.images.raster import Pixels, Rows
from srcore.images.reading.exif import HEAD, PARTS
from srcore.images.reading.exif_in_tiff import tags_in_place, tree_of
from srcore.images.reading.numbers import (
    BITS,
    COMPRESSION,
    EXTRA,
    HEIGHT,
    ICC,
    IPTC,
    LENGTHS,
    NO_UNIT,
    PER_INCH,
    PHOTOMETRIC,
    PREDICTOR,
    RESOLUTIONS,
    ROWS_OF_STRIP,
    SAMPLES,
    STRIPS,
    UNIT,
    WIDTH,
    XMP,
)
from srcore.images.reading.tags import BYTE, RATIONAL, UNDEFINED, Tag, Tree, build, longs, shorts

ROWS = 64
"""Rows of a strip."""
DEFLATE, HORIZONTAL, UNASSOCIATED = 8, 2, 2
FINE = 400_000
"""Pixels an inch from which on 32 bits have no room for fractions of one."""
LARGE = 4_000_000_000
"""Bytes of pixels from which on places need 64 bits (BigTIFF)."""


def write(rows: Rows, path: Path) -> None:
    """Write an image of any channels and depth as TIFF."""
    width, height = rows.size
    big = width * height * rows.channels * (2 if rows.wide else 1) > LARGE
    exif = rows.kept.exif
    # In a file of more than 4 GB, directories have another form, and cannot stay as they are.
    tree, order = (tree_of if big else tags_in_place)(exif) if exif else ({}, "<")
    places, lengths = list[int](), list[int]()
    with path.open("wb") as file:
        file.write(_head(order, 0, big))
        if exif and not big and tree.keys() & PARTS.keys():
            file.write(exif[HEAD:] + bytes(len(exif) % 2))
        for strip in _strips(rows):
            packed = zlib.compress(_differences(strip, order))
            places.append(file.tell())
            lengths.append(len(packed))
            file.write(packed + bytes(len(packed) % 2))
        place = file.tell()
        tags = _tags(rows, order, places, lengths, big=big)
        file.write(build({**tree, **tags}, order, place, big=big))
        file.seek(0)
        file.write(_head(order, place, big))


def _head(order: str, place: int, big: bool) -> bytes:
    letters = {"<": b"II", ">": b"MM"}[order]
    if big:
        return letters + struct.pack(f"{order}HHHQ", 43, 8, 0, place)
    return letters + struct.pack(f"{order}HI", 42, place)


def _strips(rows: Rows) -> Iterator[Pixels]:
    """Bands of exactly `ROWS` rows; the last may have fewer."""
    held = list[Pixels]()
    for band in rows.bands:
        held.append(band)
        joined = np.concatenate(held) if len(held) > 1 else band
        full = len(joined) // ROWS * ROWS
        for top in range(0, full, ROWS):
            yield joined[top : top + ROWS]
        held = [joined[full:]] if full < len(joined) else []
    if held:
        yield np.concatenate(held)


def _differences(strip: Pixels, order: str) -> bytes:
    """Each value as the difference to the one on its left, which packs better."""
    made = strip.copy()
    made[:, 1:] -= strip[:, :-1]
    return made.astype(f"{order}u{made.itemsize}").tobytes()


def _tags(rows: Rows, order: str, places: list[int], lengths: list[int], *, big: bool) -> Tree:
    width, height = rows.size
    kept, channels = rows.kept, rows.channels
    tags: dict[int, Tag | Tree] = {
        WIDTH: longs(order, [width]),
        HEIGHT: longs(order, [height]),
        BITS: shorts(order, [16 if rows.wide else 8] * channels),
        COMPRESSION: shorts(order, [DEFLATE]),
        PHOTOMETRIC: shorts(order, [2 if channels > 2 else 1]),
        STRIPS: longs(order, places, big=big),
        SAMPLES: shorts(order, [channels]),
        ROWS_OF_STRIP: longs(order, [ROWS]),
        LENGTHS: longs(order, lengths, big=big),
        PREDICTOR: shorts(order, [HORIZONTAL]),
    }
    if channels in (2, 4):
        tags[EXTRA] = shorts(order, [UNASSOCIATED])
    for tag, data in ((ICC, kept.icc), (XMP, kept.xmp), (IPTC, kept.iptc)):
        if data:
            tags[tag] = Tag(BYTE if tag == XMP else UNDEFINED, len(data), data)
    if kept.dpi:
        for tag, dots in zip(RESOLUTIONS, kept.dpi, strict=True):
            parts = 10_000 if dots < FINE else 1
            tags[tag] = Tag(RATIONAL, 1, struct.pack(f"{order}II", round(dots * parts), parts))
        tags[UNIT] = shorts(order, [PER_INCH])
    elif kept.aspect:
        for tag, dots in zip(RESOLUTIONS, kept.aspect.as_integer_ratio(), strict=True):
            tags[tag] = Tag(RATIONAL, 1, struct.pack(f"{order}II", dots, 1))
        tags[UNIT] = shorts(order, [NO_UNIT])
    return tags


FORMAT = Format(
    "TIFF",
    (".tif", ".tiff"),
    2**31 - 1,
    write,
    wide=True,
    by_rows=True,
    holds=frozenset({"icc", "exif", "xmp", "iptc", "dpi", "aspect"}),
    dpi=(0.0001, 2**32 - 1),
)
