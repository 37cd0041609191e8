"""The kinds that Pillow reads: JPEG, WebP, AVIF, GIF, BMP, PPM and JPEG 2000.

PPM and PGM may have 8 or 16 bits, and so may a grey JPEG 2000. All others are read with 8 bits.
"""

import warnings
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageFile, UnidentifiedImageError

from srcore.images.error import NotAnImageError
from srcore.images.reading import avif, bmp, gif, jpeg, jpeg2000, ppm
from srcore.images.reading.found import Found, by_pillow, checked_and_upright
from srcore.images.reading.opened import FORMATS, Opened

READERS: dict[str, Callable[[bytes, ImageFile.ImageFile], Found]] = {
    "AVIF": avif.find,
    "BMP": bmp.find,
    "GIF": gif.find,
    "JPEG": jpeg.find,
    "JPEG2000": jpeg2000.find,
    "MPO": jpeg.find,
    "PPM": ppm.find,
    "WEBP": lambda _, image: by_pillow(image, "WEBP"),
}
"""Pillow's name of a format → what finds the parts of such a file, given its bytes too."""


def open_other(data: bytes) -> Opened:
    """Read all but the pixels.

    Raises:
        ImageError: of no kind that is read, or damaged.
    """
    ppm.check_head(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd tags; real errors are raised
        image = _opened(data)
        found = READERS[str(image.format)](data, image)
        return checked_and_upright(found)


def _opened(data: bytes) -> ImageFile.ImageFile:
    others = [name for name in FORMATS if name not in ("PNG", "TIFF")]
    try:
        return Image.open(BytesIO(data), formats=others)
    except UnidentifiedImageError:
        raise NotAnImageError(f"not an image of a known kind ({', '.join(FORMATS)})") from None
