"""libvips: pixels of PNG and TIFF of every depth, and the warnings of libjpeg.

Pillow halves 16 bits of colour, and does not pass on what libjpeg warns of.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from srcore.images.error import ImageError
from srcore.images.raster import Pixels

LOADERS = {"PNG": "pngload_buffer", "TIFF": "tiffload_buffer"}
SHRINKS = (8, 4, 2, 1)
"""Factors by which libjpeg shrinks an image while it decodes it."""
ONE_AT_A_TIME = Lock()
"""Held while libvips reads: it has one buffer of errors for all threads, which every error of
pyvips takes and clears."""


def read(data: bytes, kind: str) -> Pixels:
    """The pixels of the first image: (H, W, C), as they lie in the file; alpha is straight.

    Raises:
        ImageError: damaged.
        MemoryError: too large for this machine.
    """
    with _library() as pyvips:
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


def jpeg_warning(jpeg: bytes, size: tuple[int, int]) -> str:
    """What libjpeg warns of when it decodes a JPEG, or why it cannot; empty if nothing.

    libvips passes on the first warning only, so a harmless one hides those after it.

    If possible, the image is decoded at a fraction of its size: all of the scan is read then, in
    less time. libvips rounds the height down, so only a factor of the height reads all rows.

    Args:
        jpeg: the file's content.
        size: width and height in pixels.
    """
    width, height = size
    shrink = next(factor for factor in SHRINKS if height % factor == 0 and width >= factor)
    # Its option to fail on a warning does not cover the last rows, but its buffer does.
    with _library() as pyvips:
        try:
            image: Any = pyvips.Image.jpegload_buffer(jpeg, shrink=shrink, access="sequential")
            image.write_to_memory()
        except pyvips.Error as error:
            return str(error)
        warnings: bytes = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer())
    return warnings.decode("utf-8", "replace")


@contextmanager
def _library() -> Generator[Any]:
    """The package pyvips for one thread at a time, with an empty buffer of errors.

    Only images that need it wait for its import.
    """
    import pyvips  # noqa: PLC0415

    with ONE_AT_A_TIME:
        logging.getLogger("pyvips").setLevel(logging.ERROR)
        pyvips.cache_set_max(0)  # an image is read once
        pyvips.vips_lib.vips_error_clear()
        yield pyvips


def _first(message: str) -> str:
    """A message of libvips without the name of its own function, and each line once."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith("unable to call")]
    return "; ".join(dict.fromkeys(kept or lines))[:200]
