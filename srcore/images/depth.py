"""The 16 bits of an image's channels, of which Pillow gives eight when there are three channels.

Pillow decodes such a file whole and then drops the lower byte of each value, by the name of the
order in which the bytes lie. Given the other order's name it drops the upper one; both together
are the value. Damage is met with as in any other image.
"""

import re
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

WIDE = re.compile(r"(LA|RGBA?);16[BLN]")
"""How Pillow calls 16 bits a channel of which it keeps eight."""
GREY_AND_ALPHA = "LA;16B"
"""What Pillow calls RGBA when it comes with 16 bits a channel."""
SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""The order of bytes → the one with the other byte first (N is the machine's own)."""
PHOTOMETRIC, BITS = 262, 258
"""Tags of a TIFF: whether 0 is white (0) or black (1), and bits of each channel."""
SINGLE = ("I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of one channel of 16 bits, which it keeps."""


def is_wide(image: Image.Image) -> bool:
    """Whether the file has 16 bits a channel; before its pixels are read."""
    if image.mode in SINGLE or (image.mode == "I" and image.format == "PPM"):
        return True
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    return bool(tiles) and all(WIDE.fullmatch(_order(tile.args)) for tile in tiles)


def is_planar(image: Image.Image) -> bool:
    """Whether the file is a TIFF with more than 8 bits a channel that Pillow does not tell of."""
    bits = _tag(image, BITS)
    return isinstance(bits, tuple) and len(bits) > 1 and max(bits) > 8 and not is_wide(image)


def is_grey(image: Image.Image) -> bool:
    """Whether there is one channel of colour; before the pixels are read."""
    if image.mode in ("1", "L", "LA", "La", "I", *SINGLE):
        return True
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    return any(_order(tile.args) == GREY_AND_ALPHA for tile in tiles)


def read_wide(image: ImageFile.ImageFile, again: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """Read 16 bits a channel: (H, W), or (H, W, C) with 2 (grey and alpha), 3 or 4 channels.

    Args:
        image: a file opened and not yet read, for which `is_wide` holds.
        again: the same, opened once more.

    Raises:
        Exception: whatever Pillow raises on a damaged file.
    """
    if image.mode in SINGLE or image.mode == "I":
        values = np.asarray(image).astype(np.uint16)
        return 65535 - values if _tag(image, PHOTOMETRIC) == 0 else values
    rawmode = _order(image.tile[0].args)
    if rawmode == GREY_AND_ALPHA:  # four bytes, read as they lie: upper and lower, grey and alpha
        image.tile = [tile._replace(args=_named(tile.args, "RGBA")) for tile in image.tile]
        pairs = np.asarray(image)
        return _joined(pairs[..., ::2], pairs[..., 1::2])
    swapped = rawmode[:-1] + SWAPPED[rawmode[-1]]
    again.tile = [tile._replace(args=_named(tile.args, swapped)) for tile in again.tile]
    return _joined(np.asarray(image), np.asarray(again))


def _tag(image: Image.Image, number: int) -> Any:
    """What a TIFF says of itself; None for other files."""
    return getattr(image, "tag_v2", {}).get(number)


def _joined(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return upper * np.uint16(256) + lower


def _order(args: Any) -> str:
    """The raw mode among the arguments of a tile's decoder."""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _named(args: Any, rawmode: str) -> Any:
    """The arguments of a tile's decoder with another raw mode."""
    return (rawmode, *args[1:]) if isinstance(args, tuple) else rawmode
