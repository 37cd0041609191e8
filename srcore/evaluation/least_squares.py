"""Fitting the linear filter: normal equations over the training images, solved exactly.

Pixels are whole numbers, so the sums of their products are, too, and are exact however many
threads add them up. The equations are then solved in whole numbers as well: the same images give
the same bits on every machine.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from srcore.common.progress import progress
from srcore.data.dataset import Indices, Pyramids
from srcore.inference.linear import TAPS, WINDOW, LinearFilter, padded
from srcore.models.scales import OUTPUTS

ROWS_AT_ONCE = 64
"""Input rows taken together; bounds the memory, and keeps every float64 sum exact (below 2⁵³)."""
RIDGE = 1
"""Added to the diagonal, where photographs have millions: flat images alone would have no answer,
and this gives the smallest one."""


def fit_linear(pyramids: Pyramids, rows: Indices) -> LinearFilter:
    """The filter with the least squared error over these images, before clipping and rounding.

    Args:
        pyramids: the images.
        rows: which of them to fit.
    """
    places = sum(scale**2 for scale in OUTPUTS.values())
    left = np.zeros((TAPS, TAPS), np.int64)
    right = np.zeros((TAPS, places), np.int64)
    for row in progress(rows.tolist(), desc="fitting", unit="image"):
        low = padded(pyramids.low[row])
        high = {scale: getattr(pyramids, output)[row] for output, scale in OUTPUTS.items()}
        for top in range(0, len(low) - WINDOW + 1, ROWS_AT_ONCE):
            band = low[top : top + ROWS_AT_ONCE + WINDOW - 1]
            windows = sliding_window_view(band, (WINDOW, WINDOW), axis=(0, 1)).reshape(-1, TAPS)
            stop = min(top + ROWS_AT_ONCE, len(low) - WINDOW + 1)
            parts = [_by_place(whole[s * top : s * stop], s) for s, whole in high.items()]
            targets = np.concatenate(parts, axis=1)
            left += (windows.T @ windows).astype(np.int64)
            right += (windows.T @ targets).astype(np.int64)
    solved = solve(left + RIDGE * np.eye(TAPS, dtype=np.int64), right)
    ends = np.cumsum([scale**2 for scale in OUTPUTS.values()])[:-1]
    split = zip(OUTPUTS.values(), np.split(solved, ends, axis=1), strict=True)
    weights = {s: part.T.reshape(s, s, WINDOW, WINDOW).copy() for s, part in split}
    return LinearFilter(weights, len(rows))


def _by_place(image: NDArray[np.uint8], scale: int) -> NDArray[np.float64]:
    """(scale·H, scale·W, 3) → (H·W·3, scale²): the places within each pixel of the input."""
    height, width, channels = (n // k for n, k in zip(image.shape, (scale, scale, 1), strict=True))
    split = image.reshape(height, scale, width, scale, channels).transpose(0, 2, 4, 1, 3)
    return split.reshape(-1, scale**2).astype(float)


def solve(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """The solution X of left · X = right, each number the float nearest to the exact one.

    Gauss-Jordan elimination without fractions (Bareiss 1968, Mathematics of Computation 22).

    Args:
        left: (N, N), positive definite, so that no pivot is zero.
        right: (N, M).

    Returns:
        (N, M).
    """
    size = len(left)
    lines: list[list[int]] = np.concatenate([left, right], axis=1).tolist()
    before = 1
    for k, pivot_line in enumerate(lines):
        pivot = pivot_line[k]
        for i, line in enumerate(lines):
            if i != k:
                factor = line[k]
                lines[i] = [
                    (pivot * here - factor * there) // before
                    for here, there in zip(line, pivot_line, strict=True)
                ]
        before = pivot
    exact: list[Any] = [[value / before for value in line[size:]] for line in lines]
    return np.array(exact, float)
