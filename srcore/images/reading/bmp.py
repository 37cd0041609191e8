"""BMP."""

from PIL import ImageFile

from srcore.images.reading.found import Found, by_pillow


def find(_: bytes, image: ImageFile.ImageFile) -> Found:
    """What a BMP holds."""
    return by_pillow(image, "BMP")
