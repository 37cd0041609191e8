"""A literal float64 transcription of MATLAB's imresize, with dense matrices: a reference."""

import math

import numpy as np


def cubic(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0


def matrix(length: int, scale: float) -> np.ndarray:
    """(outputs, length) weights, every number counted from 1 as in MATLAB's `contributions`."""
    antialiased = scale < 1
    kernel_width = 4 / scale if antialiased else 4
    aux = [*range(1, length + 1), *range(length, 0, -1)]  # the image and its mirror image
    rows = []
    for x in range(1, math.ceil(length * scale) + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - kernel_width / 2)
        row = np.zeros(length)
        for index in range(left, left + math.ceil(kernel_width) + 2):
            weight = scale * cubic(scale * (u - index)) if antialiased else cubic(u - index)
            row[aux[(index - 1) % len(aux)] - 1] += weight
        rows.append(row / row.sum())
    return np.array(rows)


def to_uint8(x: np.ndarray) -> np.ndarray:
    """As MATLAB converts: saturate, round halves away from zero."""
    return (np.clip(x, 0, 255) + 0.5).astype(np.uint8)


def literal(image: np.ndarray, scale: float) -> np.ndarray:
    first = to_uint8(np.einsum("oi,iwc->owc", matrix(image.shape[0], scale), image))
    return to_uint8(np.einsum("oi,hic->hoc", matrix(image.shape[1], scale), first))
