"""Random crops of training images, shrunk anew: one image gives many low-resolution ones."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.common.tensors import quantise

MARGIN = 2
"""How many low-resolution pixels a crop is smaller than its image, across and along. A crop can
start at any pixel of the larger image, so its low-resolution pixels are not always the same."""
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

    Args:
        images: (N, C, S, S) in [0, 1].
        divisor: of the side; S is a multiple of it.

    Returns:
        (N, C, S/d, S/d) in [0, 1], within one of the 255 levels of what Pillow gives.
    """
    matrix = _matrix(images.shape[-1], divisor, images.device)
    return quantise(matrix @ quantise(images.contiguous() @ matrix.T))


@lru_cache(MATRIX_CACHE_SIZE)
def _matrix(size: int, divisor: int, device: torch.device) -> Tensor:
    """(size / divisor, size), which shrinks a row of pixels; computed in float64."""
    rows = torch.eye(size, dtype=torch.float64)[None, None]
    shrunk = F.interpolate(rows, size=(size // divisor, size), mode="bicubic", antialias=True)
    return shrunk[0, 0].to(device, torch.float32)
