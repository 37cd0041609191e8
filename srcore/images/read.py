"""Reading an image's file with all that it holds: depth, transparency, profile, EXIF."""

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from srcore.images.error import ImageError, NotAnImageError
from srcore.images.raster import Kept, Raster
from srcore.images.reading.opened import MAX_BYTES
from srcore.images.reading.upright import open_image, read_upright

MAX_PIXELS = 100_000_000
"""Larger images are refused, as a guard against decompression bombs."""
MAX_SIDE = 300_000
"""Pixels; what is longer is no picture, and a single row of it enlarged takes gigabytes."""
MAX_SCANS = 200
"""Of a progressive JPEG, each of which goes over all of its pixels; programs make 10."""
SCANS = re.compile(rb"\xff\xda\0[\x06-\x0c][\x01-\x04][^\xff]")
"""How a scan of a JPEG begins. Packed pixels never look so; a preview of 10 scans may count."""


@dataclass(frozen=True)
class Header:
    """What a file says of its image before the pixels are read.

    Attributes:
        kind: format as Pillow calls it, JPEG for those of several images too, PGM for a grey PPM.
        size: width and height in pixels, upright.
        alpha: whether something may be transparent.
        wide: whether channels have 16 bits.
        grey: whether there is one channel of colour.
        kept: what is said beside the pixels.
        notes: what will not come out as it goes in.
    """

    kind: str
    size: tuple[int, int]
    alpha: bool
    wide: bool
    grey: bool
    kept: Kept
    notes: tuple[str, ...]


def look(path: Path) -> Header:
    """Read the head of an image's file.

    Raises:
        ImageError: not a file, empty, not an image, damaged, too large, or of a kind without RGB.
        OSError: it cannot be read.
    """
    _a_file(path)
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise NotAnImageError("the file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            opened = open_image(cast("bytes", mapped), MAX_PIXELS)
            if opened.kind == "JPEG" and _many_scans(mapped):
                raise ImageError(f"more than {MAX_SCANS} scans; save it again")
    if max(opened.size) > MAX_SIDE:
        raise ImageError(f"a side of {max(opened.size)} pixels is more than {MAX_SIDE}")
    size = opened.size[::-1] if opened.orientation >= 5 else opened.size
    return Header(
        opened.kind,
        (size[0], size[1]),
        opened.alpha,
        opened.wide,
        opened.grey,
        opened.kept,
        opened.notes,
    )


def read(path: Path) -> Raster:
    """Read an image: upright, straight alpha, 8 or 16 bits per channel, grey or RGB.

    Of an animation the first frame counts. CMYK becomes RGB, by its own profile when it has one.

    Raises:
        ImageError: as `look`, and for what is damaged further down.
        OSError: it cannot be read.
    """
    _a_file(path)
    opened = open_image(path.read_bytes(), MAX_PIXELS)
    channels = read_upright(opened)
    colours = 1 if channels.shape[2] < 3 else 3
    alpha = channels[..., -1] if channels.shape[2] in (2, 4) else None
    return Raster(channels[..., :colours], alpha, opened.kept)


def _a_file(path: Path) -> None:
    """Refuse what would be waited for without end.

    Raises:
        ImageError: it is a pipe, a folder, a link to nowhere or the like.
    """
    if path.is_dir():
        raise ImageError("a folder, or a link to one; links to folders are not followed")
    if not path.is_file():
        raise ImageError("not a file" if path.exists() else "a link to nowhere")
    if path.stat().st_size > MAX_BYTES:
        raise NotAnImageError(f"the file is larger than {MAX_BYTES} bytes")


def _many_scans(data: mmap.mmap) -> bool:
    return any(count >= MAX_SCANS for count, _ in enumerate(SCANS.finditer(data)))
