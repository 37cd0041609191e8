"""Resizing and luma as MATLAB does them, which published figures of the field are made with."""

import math

import numpy as np
from numpy.typing import NDArray


def imresize(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Resize 8-bit images as MATLAB's `imresize(image, scale, "bicubic")`.

    Keys' cubic kernel (a = −0.5), widened by 1 / scale when shrinking (antialiasing); pixels
    beyond the border are mirrored, the outermost one included. As MATLAB does with 8-bit images,
    the height is changed first and the result rounded to 8 bits, then the width. (Pillow's bicubic
    cuts its kernel off at the border.)

    Args:
        image: (H, W) or (H, W, C).
        scale: above 0; 0.5 halves both sides, 2 doubles them.

    Returns:
        (⌈scale·H⌉, ⌈scale·W⌉) or (⌈scale·H⌉, ⌈scale·W⌉, C).
    """
    resized = _change_height(image, scale)
    return _change_height(resized.swapaxes(0, 1), scale).swapaxes(0, 1)


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Luma Y as MATLAB's `rgb2ycbcr` computes it (ITU-R BT.601), not rounded.

    (..., 3) RGB → (...), black 16, white 235.
    """
    return image @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def crop_to_multiple(image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Cut rows at the bottom and columns at the right, so that sides are multiples of `scale`.

    The field calls it modcrop. (H, W, ...) → (H − H mod scale, W − W mod scale, ...).
    """
    height, width = (side - side % scale for side in image.shape[:2])
    return image[:height, :width]


def _change_height(x: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """(H, ...) → (⌈scale·H⌉, ...)."""
    indices, weights = _contributions(x.shape[0], scale)
    total = np.zeros((len(indices), *x.shape[1:]))
    for index, weight in zip(indices.T, weights.T, strict=True):  # a tap at a time: little memory
        total += weight.reshape(-1, *[1] * (x.ndim - 1)) * x[index]
    return _eight_bits(total)


def _contributions(length: int, scale: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which input pixels an output pixel is made of, and their weights; both (outputs, taps)."""
    narrow = min(scale, 1.0)  # enlarging keeps the kernel as it is
    taps = math.ceil(4 / narrow) + 2
    centres = (np.arange(math.ceil(length * scale)) + 0.5) / scale - 0.5
    positions = np.floor(centres - 2 / narrow)[:, None] + np.arange(taps)
    weights = _cubic((centres[:, None] - positions) * narrow)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.mod(positions.astype(np.intp), 2 * length)
    return np.minimum(mirrored, 2 * length - 1 - mirrored), weights


def _cubic(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Keys' kernel: Cubic convolution interpolation for digital image processing, 1981."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0))


def _eight_bits(x: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Clip and round, halves up as MATLAB does; numpy's own rounding goes to even numbers."""
    return np.floor(np.clip(x, 0, 255) + 0.5).astype(np.uint8)
