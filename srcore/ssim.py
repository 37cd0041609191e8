"""Structural similarity of pictures, one figure a picture."""

from typing import cast

from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure


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
