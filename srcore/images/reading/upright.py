"""Opening a file of any kind that is read, and making its pixels upright."""

from collections.abc import Callable

import numpy as np

from srcore.images.error import ImageError
from srcore.images.raster import Pixels
from srcore.images.reading import png
from srcore.images.reading.opened import Opened
from srcore.images.reading.other import open_other
from srcore.images.reading.png import open_png
from srcore.images.reading.tiff import open_tiff

KINDS: tuple[tuple[bytes, Callable[[bytes], Opened]], ...] = (
    (png.SIGNATURE, open_png),
    (b"II\x2a\0", open_tiff),
    (b"MM\0\x2a", open_tiff),
    (b"II\x2b\0", open_tiff),
    (b"MM\0\x2b", open_tiff),
)
"""How a file begins → what reads it; Pillow tells all others apart."""
UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
"""Orientation as EXIF numbers it → what makes rows and columns upright."""


def open_image(data: bytes, max_pixels: int, limit: str = "") -> Opened:
    """Read the head of an image's file; its kind follows from the content, never from a name.

    Args:
        data: the file's content.
        max_pixels: the largest width × height.
        limit: where that bound stands.

    Raises:
        ImageError: empty, not an image, damaged, too large, or of a kind that has no RGB.
    """
    if not len(data):
        raise ImageError("the file is empty")
    try:
        reader = next((open_ for start, open_ in KINDS if data[: len(start)] == start), open_other)
        opened = reader(data)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 readers raise anything on damaged bytes
        raise damaged(error) from None
    width, height = opened.size
    if width * height > max_pixels:
        raise ImageError(f"{width} x {height} pixels are more than {max_pixels}{limit}")
    return opened


def read_upright(opened: Opened) -> Pixels:
    """The pixels as they are seen: (H, W, C), C as `Opened.pixels` has it.

    Raises:
        ImageError: damaged.
    """
    try:
        channels = opened.pixels()
        if (channels.shape[1], channels.shape[0]) != opened.size:
            raise ImageError("damaged: its size is not what it says")
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 readers raise anything on damaged bytes
        raise damaged(error) from None
    to_upright = UPRIGHT.get(opened.orientation, lambda x: x)
    return np.ascontiguousarray(to_upright(channels))


def damaged(error: Exception) -> ImageError:
    """What a reader says, in a few words."""
    what = " ".join(str(error).split()) or type(error).__name__
    return ImageError(f"damaged: {what}")
