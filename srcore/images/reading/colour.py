"""Colour profiles: whether one is that of its image, and what pixels are in sRGB."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

import numpy as np
from PIL import Image, ImageCms

SPACES = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK"}
"""Mode of an image → how a profile calls what it describes."""
CALLED = {"RGB": "RGB", "L": "grey", "CMYK": "CMYK"}

DAMAGED = "its colour profile is damaged and left out"


def checked(icc: bytes | None, mode: str) -> tuple[bytes | None, list[str]]:
    """A profile, if it is one of an image of this mode and makes colours of it; else None, and why.

    Args:
        icc: the profile, or None.
        mode: RGB, L or CMYK.
    """
    if not icc:
        return None, []
    try:
        profile(icc)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None, [DAMAGED]
    if icc[16:20] != SPACES[mode]:
        found = icc[16:20].decode("ascii", "replace").strip()
        why = f"it is one of {found}, and the image is {CALLED[mode]}"
        return None, [f"its colour profile is left out: {why}"]
    try:
        to_srgb(icc, mode)  # of one that was cut off the head alone may be whole
    except ImageCms.PyCMSError:
        return None, [DAMAGED]
    return icc, []


def profile(icc: bytes) -> ImageCms.ImageCmsProfile:
    """Read a profile.

    Raises:
        PyCMSError, OSError: it is damaged.
    """
    return ImageCms.ImageCmsProfile(BytesIO(icc))


def cmyk_to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK as sRGB, by its own profile where it has one."""
    return to_srgb(icc, "CMYK")(image) if icc else image.convert("RGB")


def lab_to_rgb(image: Image.Image) -> Image.Image:
    """CIELab as sRGB."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return cast("Image.Image", ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB"))


def to_srgb(icc: bytes, mode: str) -> Callable[[Image.Image], Image.Image]:
    """A converter of images of this mode and profile to sRGB."""
    srgb: Any = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(profile(icc), srgb, mode, "RGB")
    return lambda image: cast("Image.Image", ImageCms.applyTransform(image, transform))


def bands_to_srgb(icc: bytes, channels: int) -> Callable[[Any], Any]:
    """A converter of rows of 8-bit pixels to sRGB: (H, W, C) → RGB (H, W, 3), or 4 with alpha."""
    convert = to_srgb(icc, "L" if channels < 3 else "RGB")

    def converted(rows: Any) -> Any:
        colours = rows[..., 0] if channels < 3 else np.ascontiguousarray(rows[..., :3])
        made = np.asarray(convert(Image.fromarray(colours)))
        return np.concatenate([made, rows[..., -1:]], axis=2) if channels in (2, 4) else made

    return converted
