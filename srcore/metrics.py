"""Picture quality, one figure a picture: PSNR and SSIM of 8-bit RGB pictures."""

from typing import cast

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from srcore.loss import SMALLEST_MSE, mean_squared_error


def quantise(pictures: Tensor) -> Tensor:
    """Clip to [0, 1] and round to the 256 values that a saved picture can hold; any shape."""
    return pictures.clamp(0, 1).mul(255).round().div(255)


def psnr(output: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture.

    Args:
        output: (N, C, H, W) in [0, 1].
        truth: (N, C, H, W) in [0, 1].

    Returns:
        (N,) in dB, at most 100 (equal pictures).
    """
    return -10 * torch.log10(mean_squared_error(output, truth).clamp(min=SMALLEST_MSE))


def ssim(output: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity of each picture (Wang et al. 2004): Gaussian window, σ 1.5, 11×11.

    The mean over channels of scikit-image's `structural_similarity` with `gaussian_weights=True`
    and `use_sample_covariance=False`.

    Args:
        output: (N, C, H, W) in [0, 1], at least 11 pixels a side.
        truth: (N, C, H, W) in [0, 1].

    Returns:
        (N,) in [-1, 1].
    """
    score = structural_similarity_index_measure(output, truth, data_range=1.0, reduction="none")
    return cast("Tensor", score).reshape(len(output))
