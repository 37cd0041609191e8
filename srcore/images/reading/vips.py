"""libvips: pixels of PNG and TIFF of every depth, and the warnings of libjpeg.

Pillow halves 16 bits of colour, and does not pass on what libjpeg warns of.
"""

import logging
from typing import Any

from srcore.images.error import ImageError
from srcore.images.raster import Pixels

LOADERS = {"PNG": "pngload_buffer", "TIFF": "tiffload_buffer"}


def read(data: bytes, kind: str) -> Pixels:
    """The pixels of the first image: (H, W, C), as they lie in the file; alpha is straight.

    Raises:
        ImageError: damaged.
        MemoryError: too large for this machine.
    """
    pyvips = _library()
    try:
        image: Any = getattr(pyvips.Image, LOADERS[kind])(
            data, access="sequential", fail_on="warning" if kind == "PNG" else "error"
        )
        # Of a grey image of one pixel, numpy() has no dimensions.
        pixels: Pixels = image.numpy().reshape(image.height, image.width, image.bands)
    except pyvips.Error as error:
        if "out of memory" in str(error):
            raise MemoryError(str(error)) from None
        raise ImageError(f"damaged: {_first(str(error))}") from None
    return pixels


def first_warning(jpeg: bytes) -> str:
    """What libjpeg first warns of when it decodes a JPEG, or why it cannot; empty if nothing.

    The image is decoded at an eighth of its size: all of the scan is read then, in half the time.
    libvips passes on the first warning only, so a harmless one hides those after it.
    """
    pyvips = _library()
    try:
        image: Any = pyvips.Image.jpegload_buffer(
            jpeg, shrink=8, access="sequential", fail_on="warning"
        )
        image.write_to_memory()
    except pyvips.Error as error:
        return _first(str(error))
    return ""


def _library() -> Any:
    """The package pyvips, ready for use; only images that need it wait for its import."""
    import pyvips  # noqa: PLC0415

    logging.getLogger("pyvips").setLevel(logging.ERROR)
    pyvips.cache_set_max(0)  # an image is read once
    return pyvips


def _first(said: str) -> str:
    """What libvips says, without the name of its own function, and each thing once."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith("unable to call")]
    return "; ".join(dict.fromkeys(kept or lines))[:200]
