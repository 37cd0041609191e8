"""Where all that a network sees is one colour, that colour is the answer.

Of a constant image a network makes a faint pattern, since its sub-pixel convolution has other
weights for every place of the grid: up to four levels of 255 in strong colours.
"""

import numpy as np
from numpy.typing import NDArray

from srcore.images.raster import Pixels


def settle(band: Pixels, colours: Pixels, top: int, scale: int, radius: int) -> None:
    """Give flat places of a band their own colour.

    Args:
        band: (s·rows, s·W, C), changed in place: what a network made of the rows from `top` on.
        colours: (H, W, C), the image before.
        top: the first row.
        scale: how much the band is enlarged, s.
        radius: of the network's receptive field, in pixels.
    """
    bottom = top + len(band) // scale
    rows, columns = np.nonzero(flat(colours, top, bottom, radius))
    if len(rows):
        cells = band.reshape(bottom - top, scale, -1, scale, band.shape[2])
        cells[rows, :, columns] = colours[rows + top, columns][:, None, None]


def flat(colours: Pixels, top: int, bottom: int, radius: int) -> NDArray[np.bool_]:
    """Whether every pixel within `radius` has the same colour: (bottom − top, W).

    Beyond its border the image goes on with its outermost pixels.
    """
    first, last = max(0, top - radius), min(len(colours), bottom + radius)
    part = colours[first:last]
    changes = np.zeros(part.shape[:2], np.bool_)
    changes[:, 1:] |= (part[:, 1:] != part[:, :-1]).any(axis=2)
    changes[1:] |= (part[1:] != part[:-1]).any(axis=2)
    around = [(max(0, first - (top - radius)), max(0, bottom + radius - last)), (radius, radius)]
    counts = np.pad(np.pad(changes, around).cumsum(0, np.int32).cumsum(1), [(1, 0), (1, 0)])
    side = 2 * radius + 1
    return (
        counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side]
        + counts[:-side, :-side]
    ) == 0  # fmt: skip
