"""Modes of Pillow: which of them have 16 bits, and the others with 8 bits per channel."""

import warnings
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from srcore.images.error import ImageError
from srcore.images.raster import Pixels
from srcore.images.reading.colour import cmyk_to_rgb, lab_to_rgb

# Pillow's own guard against huge images has one bound for the whole process, and warns through a
# filter that is not safe in threads. Sizes are checked before any pixel is read.
Image.MAX_IMAGE_PIXELS = None

STRAIGHT = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB", "HSV": "RGB"}
"""Modes of Pillow → the one that holds the same with 8 bits per channel and no palette."""
WIDE = ("I;16", "I;16L", "I;16B", "I;16N")


def pixels_of_tiff(data: bytes, icc: bytes | None) -> Pixels:
    """Pixels of a TIFF of 8 bits per channel that libvips does not read: (H, W, C).

    They are upright by its tag.

    Raises:
        ImageError: it is of a layout that Pillow does not read, either.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            opened = Image.open(BytesIO(data), formats=["TIFF"])
        except UnidentifiedImageError:
            raise ImageError("its layout is not read; save it with LZW or Deflate") from None
        with opened as image:
            image.info.pop("xmp", None)  # its orientation is heeded by who asks
            image.load()
            read = np.asarray(straight(image, icc))
    return read if read.ndim == 3 else read[..., None]


def is_wide(image: Image.Image) -> bool:
    """Whether Pillow keeps 16 bits of it; a PGM of 16 bits it reads as "I", scaled to 65535."""
    return image.mode in WIDE or (image.mode == "I" and image.format == "PPM")


def straight(image: Image.Image, icc: bytes | None) -> Image.Image:
    """The same image as L, LA, RGB or RGBA.

    Args:
        image: read, of any mode of Pillow.
        icc: the profile of a CMYK image.

    Raises:
        ImageError: which values are black and white is unknown.
    """
    if image.mode in ("I", "F"):
        raise ImageError("32 bits per pixel have no known white; convert it to 8 or 16 bits")
    if image.mode == "CMYK":
        return cmyk_to_rgb(image, icc)
    if image.mode == "LAB":
        return lab_to_rgb(image)
    if image.mode in ("P", "YCbCr"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert(STRAIGHT.get(image.mode, image.mode))
