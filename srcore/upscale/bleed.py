"""Colours of what cannot be seen, which would show at the edges once an image is enlarged."""

import numpy as np
from numpy.typing import NDArray

from srcore.images.raster import Pixels

AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


def bleed(colours: Pixels, alpha: Pixels, radius: int) -> Pixels:
    """Give pixels that are fully transparent the colours of the nearest pixel that is not.

    Args:
        colours: (H, W, C).
        alpha: (H, W), 0 where transparent.
        radius: how far from a visible pixel, in pixels; beyond, the colours stay as they are.
    """
    known = alpha > 0
    if known.all() or not known.any():
        return colours
    made, (height, width) = colours.copy(), known.shape
    origin = np.zeros((height, width, 2), np.int32)  # whose colour a pixel has
    origin[..., 0], origin[..., 1] = np.indices((height, width), np.int32, sparse=True)
    for _ in range(radius):
        rows, columns = np.nonzero(_grown(known) & ~known)
        if not len(rows):
            break
        nearest = np.full(len(rows), np.iinfo(np.int64).max)
        found = np.zeros((len(rows), 2), np.int32)
        for down, right in AROUND:
            y, x = rows + down, columns + right
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            y, x = np.where(inside, y, 0), np.where(inside, x, 0)
            inside &= known[y, x]
            source = origin[y, x].astype(np.int64)
            distance = (source[:, 0] - rows) ** 2 + (source[:, 1] - columns) ** 2
            better = inside & (distance < nearest)
            nearest[better], found[better] = distance[better], source[better]
        origin[rows, columns] = found
        made[rows, columns] = colours[found[:, 0], found[:, 1]]
        known[rows, columns] = True
    return made


def _grown(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Also the eight neighbours."""
    wide = known.copy()
    wide[1:] |= known[:-1]
    wide[:-1] |= known[1:]
    made = wide.copy()
    made[:, 1:] |= wide[:, :-1]
    made[:, :-1] |= wide[:, 1:]
    return made
