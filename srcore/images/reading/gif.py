"""GIF: its comment, and a first frame that does not fill the image."""

from dataclasses import replace

import numpy as np
from PIL import ImageFile

from srcore.images.raster import Pixels, white
from srcore.images.reading.found import Found, as_bytes, by_pillow

Frame = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


def find(_: bytes, image: ImageFile.ImageFile) -> Found:
    """What a GIF holds."""
    found = by_pillow(image, "GIF")
    found = replace(found, comment=as_bytes(image.info.get("comment")))
    frame = image.tile[0].extents if image.tile else None
    if frame is None or frame == (0, 0, *image.size):
        return found

    def pixels(icc: bytes | None) -> Pixels:
        return _with_alpha(found.pixels(icc), frame)

    return replace(found, alpha=True, pixels=pixels)


def _with_alpha(pixels: Pixels, frame: Frame) -> Pixels:
    """With transparency outside the frame, as browsers show it; pixels that have alpha stay."""
    if pixels.shape[2] in (2, 4):
        return pixels
    left, top, right, bottom = frame
    alpha = np.zeros((*pixels.shape[:2], 1), pixels.dtype)
    alpha[top:bottom, left:right] = white(pixels)
    return np.concatenate([pixels, alpha], axis=2)
