"""Made-up images that cost what photographs do."""

import io

import numpy as np
from PIL import Image


def photograph(rng: np.random.Generator, width: int, height: int) -> bytes:
    """A JPEG of coloured clouds with some grain, of about the size of a photograph's file."""
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    tile = rng.integers(-20, 21, (125, 125, 1), np.int16)
    grain = np.tile(tile, (height // 125 + 1, width // 125 + 1, 1))[:height, :width]
    file = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()
