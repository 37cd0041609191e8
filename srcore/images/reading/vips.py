"""Pixels by libvips, which reads every depth of PNG and TIFF; Pillow halves 16 bits of colour."""

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
    import pyvips  # noqa: PLC0415  # no other kind of file needs it

    logging.getLogger("pyvips").setLevel(logging.ERROR)
    pyvips.cache_set_max(0)  # an image is read once
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


def _first(said: str) -> str:
    """What libvips says, without the name of its own function, and each thing once."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith("unable to call")]
    return "; ".join(dict.fromkeys(kept or lines))[:200]
