"""Peak signal-to-noise ratio, one value per image."""

import torch
import torch.nn.functional as F
from torch import Tensor

SMALLEST_MSE = 1e-10
"""PSNR is capped at 100 dB: the logarithm of a perfect image's error would be infinite."""


def mean_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of each image: two (N, C, H, W) → (N,)."""
    return F.mse_loss(output, target, reduction="none").mean(dim=(1, 2, 3))


def psnr(output: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image.

    Args:
        output: (N, C, H, W) in [0, 1].
        target: (N, C, H, W) in [0, 1].

    Returns:
        (N,) in dB, at most 100 (equal images).
    """
    return -10 * torch.log10(mean_squared_error(output, target).clamp(min=SMALLEST_MSE))
