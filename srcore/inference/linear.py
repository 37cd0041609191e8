"""The linear filter: each pixel of the output is a weighted sum of 7 × 7 pixels of the input.

It is the best that can be done without a network: closed-form least squares over the training
images (fitted by `srcore.evaluation.least_squares`). A pixel of the output has one of scale² places
within its input pixel, and each place has its own 49 weights, the same for all colour channels:
196 numbers at ×2, 784 at ×4. Outside the image the pixels at its edge are repeated.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder
from srcore.common.reading import NotAFileError, open_regular, parse_json
from srcore.common.tables import again
from srcore.models.scales import OUTPUTS

WINDOW = 7
"""Side of the window in input pixels; odd, and centred."""
TAPS = WINDOW**2
FINENESS = 2.0**32
"""Sums are of multiples of its inverse."""
LARGEST = 100
"""A weight may have this size: 255 · 49 · 100 · 2³² is below 2⁵³, where float64 is exact."""
FILE = "linear.safetensors"
PIXELS_AT_ONCE = 4096
"""Pixels of the input that are filtered together, in whole rows; 5 MB of windows."""


@dataclass(frozen=True)
class LinearFilter:
    """The fitted weights.

    Attributes:
        weights: scale → (scale, scale, WINDOW, WINDOW), float64: place of the output pixel within
            its input pixel (row, column), then place in the window.
        images: number of images that it was fitted on.
    """

    weights: Mapping[int, NDArray[np.float64]]
    images: int

    def __call__(self, images: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
        """Enlarge each image: (N, H, W, 3) uint8 → (N, scale·H, scale·W, 3) uint8."""
        return np.stack([self._enlarge(image, scale) for image in images])

    def _enlarge(self, image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
        height, width, channels = image.shape
        wide, weights = padded(image), self.weights[scale].reshape(scale**2, TAPS)
        step = max(1, PIXELS_AT_ONCE // width)
        bands: list[NDArray[np.uint8]] = []
        for top in range(0, height, step):
            band = wide[top : top + step + WINDOW - 1]
            windows = sliding_window_view(band, (WINDOW, WINDOW), axis=(0, 1)).reshape(-1, TAPS)
            levels = np.rint(exact_sums(windows, weights).clip(0, 255)).astype(np.uint8)
            rows = len(band) - WINDOW + 1
            levels = levels.reshape(rows, width, channels, scale, scale).transpose(0, 3, 1, 4, 2)
            bands.append(levels.reshape(scale * rows, scale * width, channels))
        return np.concatenate(bands)

    def save(self, folder: Path) -> None:
        """Write the folder that `load_linear` reads."""
        card = {"images": self.images, "version": version("srcore"), "window": WINDOW}
        tensors = {f"x{scale}": np.ascontiguousarray(w) for scale, w in self.weights.items()}
        with fresh_folder(folder) as out:
            save_file(tensors, out / FILE, metadata={"card": json.dumps(card, sort_keys=True)})


def exact_sums(windows: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted sums, the same bits on every machine in whatever order its BLAS adds them up.

    Pixels are whole numbers, and weights are rounded to multiples of 1 / `FINENESS`: so every sum
    is exact in float64.

    Args:
        windows: (N, 49), whole numbers up to 255.
        weights: (M, 49), none above `LARGEST`.

    Returns:
        (N, M).
    """
    return windows @ (np.rint(weights * FINENESS) / FINENESS).T


def padded(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The image with half a window of repeated edge pixels around it, (H + 6, W + 6, 3)."""
    edge = WINDOW // 2
    return np.pad(image, ((edge, edge), (edge, edge), (0, 0)), mode="edge").astype(float)


def load_linear(folder: Path) -> LinearFilter:
    """Read a fitted filter.

    Raises:
        StudyError: it is missing, damaged or of other scales.
    """
    path = folder / FILE
    try:
        with open_regular(path), safe_open(path, framework="numpy") as file:
            card = parse_json((file.metadata() or {})["card"])
            weights = {scale: file.get_tensor(f"x{scale}") for scale in OUTPUTS.values()}
        images = int(card["images"])
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; run `dvc repro`") from None
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}; {again(folder)}") from None
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise StudyError(f"{path}: damaged; {again(folder)}") from None
    shapes = {scale: (scale, scale, WINDOW, WINDOW) for scale in weights}
    if {scale: value.shape for scale, value in weights.items()} != shapes:
        raise StudyError(f"{path}: of another window than {WINDOW} × {WINDOW}; {again(folder)}")
    if not all((np.abs(value) <= LARGEST).all() for value in weights.values()):  # nor NaN
        raise StudyError(f"{path}: holds weights above {LARGEST}; {again(folder)}")
    return LinearFilter(weights, images)
