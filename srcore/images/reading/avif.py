"""AVIF: its depth, colour space and EXIF, of which Pillow gives less than there is."""

from dataclasses import replace

from PIL import ImageFile

from srcore.images.reading.boxes import avif_space
from srcore.images.reading.found import Found, as_bytes, by_pillow

HEAD = 4096
"""Bytes from the start of a file in which its depth and its gain map are looked for."""


def find(data: bytes, image: ImageFile.ImageFile) -> Found:
    """What an AVIF holds."""
    found = by_pillow(image, "AVIF")
    bits, notes = _bits(data), found.notes
    if bits > 8:
        notes = (f"{bits} bits per channel become 8", *notes)
    if b"tmap" in bytes(data[:HEAD]):
        notes += ("another image in its file (a gain map, a depth, a preview) is left out",)
    exif, orientation = found.exif, None
    # If the image is rotated, Pillow writes its EXIF anew, and texts are lost.
    if (decoder := getattr(image, "_decoder", None)) is not None:
        *_, raw, orientation, _ = decoder.get_info()
        exif, orientation = as_bytes(raw), int(orientation)
    return replace(
        found, exif=exif, orientation=orientation, rendering=avif_space(data), notes=notes
    )


def _bits(data: bytes) -> int:
    """Bits per channel in the file, of which Pillow keeps 8."""
    config = data.find(b"av1C", 0, HEAD)
    if config <= 0:
        return 8
    flags = data[config + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8
