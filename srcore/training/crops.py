"""Random crops of training images, shrunk anew: one image gives many low-resolution ones."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

MARGIN = 2
"""How many low-resolution pixels a crop is smaller than its image, across and along. It starts at
any pixel of the larger image that leaves room, so low-resolution pixels fall on other places."""
MATRIX_CACHE_SIZE = 16
"""Matrices that are kept; a training needs two."""

Corner = tuple[int, int]
"""Top row and left column of a crop, in pixels of the image that is cut."""


def draw_corner(rng: np.random.Generator, scale: int) -> Corner:
    """Choose where to cut an image that is `scale` times as large as the low resolution."""
    top, left = rng.integers(MARGIN * scale + 1, size=2).tolist()
    return top, left


def crop(images: Tensor, corner: Corner, scale: int) -> Tensor:
    """Cut images: (N, C, S, S) → (N, C, S − m, S − m), m = `scale` · `MARGIN`."""
    top, left = corner
    side = images.shape[-1] - scale * MARGIN
    return images[..., top : top + side, left : left + side]


def shrink(images: Tensor, divisor: int) -> Tensor:
    """Resize as Pillow resized the pyramids: bicubic with antialiasing, rounded after each axis.

    It is computed on the 255 levels, for which nearly every sum is exact in float32. Of fractions,
    the last bit would decide each tie, and that bit depends on the processor.

    Args:
        images: (N, C, S, S) in [0, 1], of 8 bits.
        divisor: of the side; S is a multiple of it.

    Returns:
        (N, C, S/d, S/d) in [0, 1].
    """
    matrix = _matrix(images.shape[-1], divisor, images.device)
    levels = images.mul(255).round()
    return _rounded(matrix @ _rounded(levels @ matrix.T)).div(255)


def _rounded(levels: Tensor) -> Tensor:
    """Halves up, as Pillow does."""
    return levels.clamp(0, 255).add(0.5).floor()


@lru_cache(MATRIX_CACHE_SIZE)
def _matrix(size: int, divisor: int, device: torch.device) -> Tensor:
    """(size / divisor, size), which shrinks a row of pixels; computed in float64."""
    rows = torch.eye(size, dtype=torch.float64)[None, None]
    shrunk = F.interpolate(rows, size=(size // divisor, size), mode="bicubic", antialias=True)
    return shrunk[0, 0].to(device, torch.float32)
