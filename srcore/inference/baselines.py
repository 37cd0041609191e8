"""What every network is measured beside: interpolation by Pillow, and the name of the filter."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

METHODS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""Name of an interpolation → Pillow's filter."""
BASELINE = "bicubic"
"""The interpolation that every gain is measured against."""
LINEAR = "linear"
"""The least-squares filter, see `srcore.inference.linear`."""
REFERENCES = (*METHODS, LINEAR)
"""Every method that is no network, in the order of the tables."""
PLUS = "+"
"""Ends the name of a network's ensemble, as in the field's papers."""


def upscale(images: NDArray[np.uint8], method: str, scale: int) -> NDArray[np.uint8]:
    """Enlarge each image: (N, H, W, 3) uint8 → (N, scale·H, scale·W, 3) uint8."""
    height, width = (scale * side for side in images.shape[1:3])
    return np.stack(
        [
            np.asarray(Image.fromarray(image).resize((width, height), METHODS[method]))
            for image in images
        ]
    )
