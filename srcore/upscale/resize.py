"""Pillow's resampling, a band of rows at a time."""

import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srcore.images.raster import Pixels, white

SUPPORT = 2
"""Pixels to either side that bicubic interpolation looks at."""
HIDDEN = 1e-6
"""Weight of a colour that cannot be seen: enough where there is no other."""
ROWS = 256
"""Rows that are held as float32 at once, which takes four times the memory of 8 bits."""

Band = NDArray[Any]
"""Some rows: `Pixels`, or float32, which is neither rounded nor clipped."""


def shrink_seen(
    bands: Iterator[Pixels], before: tuple[int, int], after: tuple[int, int]
) -> Iterator[Pixels]:
    """Make the colours of a transparent image smaller, each counting by how much of it is seen.

    Args:
        bands: (rows, W, C + 1) from top to bottom: colours, and alpha at the end.
        before: their width and height.
        after: width and height of what is made, at most as large.

    Yields:
        Bands of colours, (rows, W, C), without alpha.
    """
    first = next(bands)
    largest, dtype = white(first), first.dtype

    def weighted() -> Iterator[Band]:
        for band in chain([first], bands):
            for top in range(0, len(band), ROWS):
                part = band[top : top + ROWS]
                weights = part[..., -1:].astype(np.float32) / largest + HIDDEN
                yield np.concatenate([part[..., :-1] * weights, weights], axis=2)

    for band in shrink(weighted(), before, after):
        sums, weights = band[..., :-1], band[..., -1:]
        colours = np.divide(sums, weights, out=np.zeros_like(sums), where=weights != 0)
        yield np.clip(np.rint(colours), 0, largest).astype(dtype)


def shrink(
    bands: Iterator[Band], before: tuple[int, int], after: tuple[int, int]
) -> Iterator[Band]:
    """Make an image smaller, antialiased, by Pillow's bicubic filter.

    Args:
        bands: (rows, W, C) from top to bottom.
        before: its width and height.
        after: width and height of what is made, at most as large.

    Yields:
        Bands of what is made.
    """
    if before == after:
        yield from bands
        return
    (width, height), (new_width, new_height) = before, after
    step = height / new_height
    margin = math.ceil(SUPPORT * max(1, step)) + 1
    held: Band | None = None
    first = done = 0  # the row that `held` begins with; rows made
    for band in bands:
        held = band if held is None else np.concatenate([held, band])
        end = first + len(held)
        ready = new_height if end == height else max(0, math.floor((end - margin) / step))
        if ready > done:
            box = (0, done * step - first, width, min(ready * step - first, len(held)))
            yield resized(held, (new_width, ready - done), box)
            done = ready
            used = max(0, math.floor(done * step) - margin - first)
            held, first = held[used:], first + used


def alpha_rows(alpha: Pixels, size: tuple[int, int], top: int, bottom: int) -> Pixels:
    """Rows from `top` to `bottom` of one channel (H, W), resized to that width and height."""
    height, width = alpha.shape
    step = height / size[1]
    first = max(0, math.floor(top * step) - math.ceil(SUPPORT * max(1, step)) - 1)
    last = min(height, math.ceil(bottom * step) + math.ceil(SUPPORT * max(1, step)) + 1)
    box = (0, top * step - first, width, min(bottom * step, height) - first)
    return resized(alpha[first:last, :, None], (size[0], bottom - top), box)[..., 0]


def resized(pixels: Band, size: tuple[int, int], box: tuple[float, float, float, float]) -> Band:
    """Resize a part of (H, W, C) by Pillow's bicubic filter, whatever the depth.

    Pixels around the part count as they do in the whole image.
    """
    channels = pixels.shape[2]
    if pixels.dtype == np.uint8 and channels in (1, 3):
        image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels))
        made: Pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC, box=box))
        return made.reshape(size[1], size[0], channels)
    planes = list[NDArray[np.float32]]()
    for channel in range(channels):
        plane = Image.fromarray(pixels[..., channel].astype(np.float32))
        planes.append(np.asarray(plane.resize(size, Image.Resampling.BICUBIC, box=box)))
    exact = np.stack(planes, axis=2)
    if pixels.dtype == np.float32:
        return exact
    return np.clip(np.rint(exact), 0, white(pixels)).astype(pixels.dtype)
