"""GIF: its comment, its colour profile, and a first frame that does not fill the image."""

from dataclasses import replace

import numpy as np
from PIL import ImageFile

from srcore.images.raster import Pixels, white
from srcore.images.reading.found import Found, as_bytes, by_pillow, with_profile

Frame = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""
HEAD = 13
"""Bytes of the head of the file, after which there may be a palette."""
EXTENSION, APPLICATION = 0x21, 0xFF
PROFILE = b"ICCRGBG1012"
"""The application whose extension holds a colour profile (ICC.1:2022, annex B.6)."""


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What a GIF holds."""
    found = with_profile(by_pillow(image, "GIF"), _profile(data))
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


def _profile(data: bytes) -> bytes | None:
    """The colour profile, which stands before the first frame; cut off if the file is."""
    flags = data[10]
    at = HEAD + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    while data[at : at + 1] == bytes([EXTENSION]):
        label, (parts, at) = data[at + 1], _blocks(data, at + 2)
        if label == APPLICATION and parts and parts[0] == PROFILE:
            return b"".join(parts[1:])
    return None


def _blocks(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The blocks of an extension, each after its length, and the place after the last one."""
    parts = list[bytes]()
    while at < len(data) and (length := data[at]):
        parts.append(bytes(data[at + 1 : at + 1 + length]))
        at += 1 + length
    return parts, at + 1
