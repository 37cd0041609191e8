"""One image file, whatever its kind, as upright 8-bit RGB, or the reason why not."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""What is read. Not all that Pillow can: its EPS reader, for one, starts another program."""

# Pillow's own guard against huge images has one bound for the whole process, and warns through a
# filter that is not safe in threads. `decode` checks every size itself, before any pixel is read.
Image.MAX_IMAGE_PIXELS = None


class ImageError(Exception):
    """Why a file cannot be used as an image, in a few words."""


def decode(data: bytes, max_pixels: int) -> Image.Image:
    """Decode the bytes of an image file to RGB, 8 bits, turned upright as EXIF says.

    Of an animation the first frame counts. Transparent parts show a white ground. Grey of 16 bits
    is scaled to 8, not cut off. No colour profile is applied. JPEG draft mode, which would shrink
    the image while reading, is never used.

    Args:
        data: the file's content; its kind is told from the content, never from a name.
        max_pixels: the largest width x height, checked before the pixels are decoded.

    Raises:
        ImageError: empty, not an image, damaged, too large, or of a kind that has no RGB.
    """
    if not data:
        raise ImageError("the file is empty")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise ImageError(
                    f"{image.width} x {image.height} pixels are more than {max_pixels} "
                    "(data.max_pixels)"
                )
            image.load()
            return ImageOps.exif_transpose(_rgb(image))
    except (ImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise ImageError(f"not an image of a known kind ({', '.join(FORMATS)})") from None
    except Exception as error:  # noqa: BLE001 Pillow's readers raise anything on damaged bytes
        what = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"damaged: {what}") from None


def _rgb(image: Image.Image) -> Image.Image:
    # Pillow reads a PGM of 16 bits as "I", scaled to 65535; of other "I" and "F" images nobody
    # knows which values are black and white.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return _eight_bits(image).convert("RGB")
    if image.mode in ("I", "F"):
        raise ImageError("32 bits a pixel have no known white; convert it to 8 or 16 bits")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    wide = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((wide + 128) // 257).astype(np.uint8))  # 65535 / 255 = 257
