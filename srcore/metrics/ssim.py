"""Structural similarity of images, one figure an image."""

import torch
from torch import Tensor

SIGMA, RADIUS = 1.5, 5
"""The Gaussian window of Wang et al. 2004: 11×11 pixels."""
BLOCK = 64
"""Rows that one product with a band matrix averages; a convolution takes several times as long."""
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

    Raises:
        ValueError: the images are smaller than the window.
    """
    if min(output.shape[-2:]) <= 2 * RADIUS:
        raise ValueError(f"SSIM needs images of at least {2 * RADIUS + 1} pixels a side")
    window = _window(output)
    mean_o, mean_t = _means(output, window), _means(target, window)
    product, squares = mean_o * mean_t, mean_o.square() + mean_t.square()
    covariance = _means(output * target, window) - product
    variances = _means(output.square() + target.square(), window) - squares
    luminance = (2 * product + C1) / (squares + C1)
    contrast_structure = (2 * covariance + C2) / (variances + C2)
    return (luminance * contrast_structure).mean(dim=(1, 2, 3))


def _window(like: Tensor) -> Tensor:
    """The window at each of `BLOCK` rows in a row: (BLOCK, BLOCK + 2 · RADIUS)."""
    distance = torch.arange(-RADIUS, RADIUS + 1, dtype=like.dtype, device=like.device)
    weights = torch.exp(-0.5 * (distance / SIGMA).square())
    weights = (weights / weights.sum()).tolist()
    band = like.new_zeros(BLOCK, BLOCK + 2 * RADIUS)
    for offset, weight in enumerate(weights):
        band.diagonal(offset).fill_(weight)
    return band


def _means(x: Tensor, window: Tensor) -> Tensor:
    """Gaussian mean around each pixel whose window lies inside: sides shrink by 2 · RADIUS."""
    return _down(_down(x, window).mT, window).mT


def _down(x: Tensor, window: Tensor) -> Tensor:
    """Gaussian means along the columns: (N, C, H, W) → (N, C, H − 2 · RADIUS, W)."""
    height = x.shape[-2] - 2 * RADIUS
    blocks: list[Tensor] = []
    for start in range(0, height, BLOCK):
        seen = x[..., start : start + BLOCK + 2 * RADIUS, :]
        rows = seen.shape[-2] - 2 * RADIUS
        blocks.append(window[:rows, : seen.shape[-2]] @ seen)
    return torch.cat(blocks, dim=-2)
