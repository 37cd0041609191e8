"""Structural similarity of images, one value per image."""

import torch
import torch.nn.functional as F
from torch import Tensor

SIGMA, RADIUS = 1.5, 5
"""The Gaussian window of Wang et al. 2004: 11×11 pixels."""
C1, C2 = 0.01**2, 0.03**2
"""Their constants, which keep the quotients steady, for images in [0, 1]."""


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each image (Wang et al. 2004), the mean over its channels.

    Equals scikit-image's `structural_similarity` with `gaussian_weights=True` and
    `use_sample_covariance=False`: windows that extend over the border are left out. (torchmetrics
    counts them, on mirrored pixels, since its version 1.9; that moves figures by up to 0.02.)

    Args:
        output: (N, C, H, W) in [0, 1], at least 11 pixels on each side.
        target: (N, C, H, W) in [0, 1].

    Returns:
        (N,) in [-1, 1].

    Raises:
        ValueError: the images are smaller than the window.
    """
    if min(output.shape[-2:]) <= 2 * RADIUS:
        raise ValueError(f"SSIM needs images of at least {2 * RADIUS + 1} pixels on each side")
    mean_o, mean_t = _window(output), _window(target)
    product, squares = mean_o * mean_t, mean_o.square() + mean_t.square()
    covariance = _window(output * target) - product
    variances = _window(output.square() + target.square()) - squares
    luminance = (2 * product + C1) / (squares + C1)
    contrast_structure = (2 * covariance + C2) / (variances + C2)
    return (luminance * contrast_structure).mean(dim=(1, 2, 3))


def _window(x: Tensor) -> Tensor:
    """Gaussian mean around each pixel whose window lies inside: sides shrink by 2 · RADIUS."""
    channels = x.shape[1]
    distance = torch.arange(-RADIUS, RADIUS + 1, dtype=x.dtype, device=x.device)
    weights = torch.exp(-0.5 * (distance / SIGMA).square())
    weights = (weights / weights.sum()).expand(channels, 1, 1, -1)
    across = F.conv2d(x, weights, groups=channels)
    return F.conv2d(across, weights.transpose(2, 3), groups=channels)
