"""Real photographs that scikit-image ships inside its package: no network."""

from pathlib import Path

import numpy as np
import skimage
import torch
from PIL import Image

FOLDER = Path(skimage.__file__).parent / "data"


def arrays() -> list[np.ndarray]:
    """Three photographs (H, W, 3) uint8: square, wide, and small with odd sides."""
    astronaut, coffee, chelsea = (
        Image.open(FOLDER / name).convert("RGB")
        for name in ("astronaut.png", "coffee.png", "chelsea.png")
    )
    return [
        np.asarray(astronaut.resize((144, 144))),
        np.asarray(coffee.resize((210, 140))),
        np.asarray(chelsea.crop((60, 40, 60 + 97, 40 + 75))),
    ]


def photographs() -> list[torch.Tensor]:
    """The same as (1, 3, H, W) float32 in [0, 1]."""
    return [torch.from_numpy(x.copy()).permute(2, 0, 1)[None].float() / 255 for x in arrays()]
