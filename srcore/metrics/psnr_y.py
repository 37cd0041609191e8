"""PSNR of luma, as the field's papers have it; of the whole image, without leaving out a border."""

import torch
from torch import Tensor

from srcore.metrics.psnr import psnr

WEIGHTS = (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Of red, green and blue, as in MATLAB's `rgb2ycbcr` (ITU-R BT.601); its offset cancels out."""


def psnr_y(output: Tensor, target: Tensor) -> Tensor:
    """PSNR of luma, with 255 as the range of values though luma has only 219 steps.

    Args:
        output: (N, 3, H, W) RGB in [0, 1].
        target: (N, 3, H, W) RGB in [0, 1].

    Returns:
        (N,) in dB, at most 100.
    """
    return psnr(_luma(output), _luma(target))


def _luma(image: Tensor) -> Tensor:
    weights = torch.tensor(WEIGHTS, dtype=image.dtype, device=image.device)
    return (image * weights.view(3, 1, 1)).sum(1, keepdim=True)
