"""PPM and its relatives: a head of bounded length, and the depth."""

import re
from dataclasses import replace

from PIL import ImageFile

from srcore.images.error import ImageError
from srcore.images.reading.found import Found, by_pillow

PNM = re.compile(rb"P(?:[1-6f]|0CMYK|yP|yRGBA|yCMYK)[\s#]")
GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
PNM_HEAD = re.compile(
    rb"P(?:[14](?:%(gap)s[0-9]+){2}|(?:[2356f]|0CMYK|y[A-Z]+)(?:%(gap)s[-+.0-9]+){3})\s"
    % {b"gap": GAP}
)
LONGEST_HEAD = 1 << 16
"""Bytes of the head of a PPM, with its comments. Pillow reads them one by one."""


def check_head(data: bytes) -> None:
    """Refuse a PPM whose head is too long, before Pillow looks at it.

    Raises:
        ImageError: it is too long.
    """
    head = bytes(data[:LONGEST_HEAD])
    if len(head) == LONGEST_HEAD and PNM.match(head) and not PNM_HEAD.match(head):
        raise ImageError(f"damaged: its head is longer than {LONGEST_HEAD} bytes")


def find(_: bytes, image: ImageFile.ImageFile) -> Found:
    """What a PPM holds; a grey one is called PGM."""
    found = by_pillow(image, "PPM")
    bits = _bits(image)
    return replace(
        found,
        kind="PGM" if found.space == "L" else "PPM",
        notes=(f"{bits} bits per channel become 8",) if bits > 8 and not found.wide else (),
    )


def _bits(image: ImageFile.ImageFile) -> int:
    """Bits per channel in the file; of colours Pillow keeps 8."""
    arguments = image.tile[0].args if image.tile else None
    largest = arguments[1] if isinstance(arguments, tuple) and len(arguments) > 1 else 255
    return max(8, int(largest).bit_length()) if isinstance(largest, int) else 8
