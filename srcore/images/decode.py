"""One image file, whatever its kind, as upright 8-bit RGB, or the reason why not."""

import numpy as np
from PIL import Image

from srcore.images.raster import eight_bits
from srcore.images.reading.upright import open_image, read_upright


def decode(data: bytes, max_pixels: int) -> Image.Image:
    """Decode the bytes of an image file to RGB, 8 bits, made upright as EXIF says.

    Of an animation the first frame counts. Transparent parts show a white ground. 16 bits are
    scaled to 8, not cut off. No colour profile is applied but that of CMYK. JPEG draft mode, which
    would shrink the image while reading, is never used.

    Args:
        data: the file's content; its kind follows from the content, never from a name.
        max_pixels: the largest width x height, checked before the pixels are decoded.

    Raises:
        ImageError: empty, not an image, damaged, too large, or of a kind that has no RGB.
    """
    return decode_noted(data, max_pixels)[0]


def decode_noted(data: bytes, max_pixels: int) -> tuple[Image.Image, tuple[str, ...]]:
    """As `decode`, and what was left out or changed while decoding."""
    opened = open_image(data, max_pixels, " (data.max_pixels)")
    channels = eight_bits(read_upright(opened))
    if channels.shape[2] in (1, 2):
        channels = np.concatenate([*[channels[..., :1]] * 3, channels[..., 1:]], axis=2)
    image = Image.fromarray(channels)
    if channels.shape[2] == 4:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image, opened.notes
