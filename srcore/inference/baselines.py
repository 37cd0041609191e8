"""The baselines: upscaling without learning, by Pillow."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

METHODS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""Name of a baseline → Pillow's filter."""
BASELINE = "bicubic"
"""The interpolation that every gain is measured against."""


def upscale(images: NDArray[np.uint8], method: str, scale: int) -> NDArray[np.uint8]:
    """Enlarge each image: (N, H, W, 3) uint8 → (N, scale·H, scale·W, 3) uint8."""
    height, width = (scale * side for side in images.shape[1:3])
    return np.stack(
        [
            np.asarray(Image.fromarray(image).resize((width, height), METHODS[method]))
            for image in images
        ]
    )
