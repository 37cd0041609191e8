"""Random crops of training images, shrunk anew: one image gives many low-resolution ones."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

MARGIN = 2
"""How many low-resolution pixels a crop is smaller than its image, across and along. It starts at
any pixel of the larger image that leaves room, so low-resolution pixels fall on other places."""

Corner = tuple[int, int]
"""Top row and left column of a crop, in pixels of the image that is cut."""


def draw_corner(rng: np.random.Generator, scale: int) -> Corner:
    """Choose where to cut an image that is `scale` times as large as the low resolution."""
    top, left = rng.integers(MARGIN * scale + 1, size=2).tolist()
    return top, left


def crop(images: Tensor, corner: Corner, scale: int) -> Tensor:
    """Cut images: (N, S, S, C) → (N, S − m, S − m, C), m = `scale` · `MARGIN`."""
    top, left = corner
    side = images.shape[1] - scale * MARGIN
    return images[:, top : top + side, left : left + side]


def shrink(images: Tensor, divisor: int) -> Tensor:
    """Resize as Pillow resized the pyramids: bicubic with antialiasing, within one level.

    On a CPU torch computes in whole numbers, as Pillow does, so every processor gives the same.
    Elsewhere it has fractions only, which differ by more at sharp edges.

    Args:
        images: (N, S, S, C) uint8.
        divisor: of the side; S is a multiple of it.

    Returns:
        (N, S/d, S/d, C) uint8.
    """
    side = images.shape[1] // divisor
    planes = images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    if planes.device.type != "cpu":
        planes = planes.float()
    shrunk = F.interpolate(planes, size=(side, side), mode="bicubic", antialias=True)
    if shrunk.is_floating_point():
        shrunk = shrunk.round_().clamp_(0, 255).to(torch.uint8)
    return shrunk.permute(0, 2, 3, 1)
