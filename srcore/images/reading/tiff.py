"""TIFF (revision 6): what it says of itself, what of it is refused, and its pixels.

Tags are read here, and pixels by libvips when what the tags say is known to come out right.
Anything else is refused by name: a wrong image without a word would be worse than none.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from PIL import Image

from srcore.images.error import ImageError
from srcore.images.raster import Kept, Pixels, eight_bits
from srcore.images.reading import pillow, vips
from srcore.images.reading.colour import checked, cmyk_to_rgb
from srcore.images.reading.exif import LYING
from srcore.images.reading.exif_in_tiff import exif_of_tiff, lost_of_tiff
from srcore.images.reading.iptc import iptc_of_tiff
from srcore.images.reading.numbers import (
    BITS,
    COMPRESSION,
    DNG_VERSION,
    EXTRA,
    HEIGHT,
    ICC,
    INKS,
    KIND,
    MEANING,
    NO_UNIT,
    OLD_KIND,
    ORIENTATION,
    PER_CENTIMETRE,
    PER_INCH,
    PHOTOMETRIC,
    PLANES,
    RESOLUTIONS,
    SAMPLE_FORMAT,
    SAMPLES,
    SUB_IMAGES,
    SUBSAMPLING,
    TILE_WIDTH,
    UNIT,
    WIDTH,
    XMP,
)
from srcore.images.reading.opened import MOST_PAGES, Opened, pages
from srcore.images.reading.resolution import INCH, aspect_of, aspect_upright, dpi_upright
from srcore.images.reading.tags import Directory, Head, read_directory, read_head
from srcore.images.reading.xmp import kept_xmp, orientation_of

GREY, RGB, PALETTE, CMYK, YCBCR, LAB = (0, 1), 2, 3, 5, 6, 8
COLOURS = {0: 1, 1: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, LAB: 3}
"""Photometric interpretation → channels of colour."""
NAMES = {4: "a mask", 9: "ICC Lab", 10: "ITU Lab", 32803: "a camera's raw sensor data",
         32844: "LogL", 32845: "LogLuv", 34892: "linear raw data"}  # fmt: skip
RAW = (32803, 34892)
CANON = b"CR"
"""What stands behind the head of a camera's file."""
MOST_SUB_IMAGES = 64
"""Images within the first one that are looked at; a camera's file has fewer than ten."""
RAW_IMAGE = "a camera's raw image; develop it first, to TIFF or JPEG"
BY_VIPS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946)
"""Compression schemes that libvips decodes."""
BY_PILLOW = (34925, 50000)
"""LZMA and Zstandard, which Pillow undoes, of 8 bits."""
JPEG = 7


def open_tiff(data: bytes) -> Opened:
    """Read all but the pixels.

    Raises:
        ImageError: damaged, a camera's raw image, or of values whose white is unknown.
    """
    if bytes(data[8:10]) == CANON:
        raise ImageError(RAW_IMAGE)
    try:
        head = read_head(data)
        tags = read_directory(data, head.first, head)
    except ValueError as error:
        raise ImageError(f"damaged: {error}") from None
    _refuse_raw(data, head, tags)
    bits, colours, alpha, notes = _layout(tags)
    photometric, (width, height) = (
        tags.number(PHOTOMETRIC, 1),
        (tags.number(WIDTH, 0), tags.number(HEIGHT, 0)),
    )
    if min(width, height) < 1:
        raise ImageError("damaged: it has no size")
    grey, profile = photometric in GREY, tags.tags.get(ICC)
    mode = "CMYK" if photometric == CMYK else "L" if grey else "RGB"
    found = profile.data if profile and photometric != LAB else None
    icc, lost = checked(found, mode)
    xmp = tags.tags[XMP].data if XMP in tags.tags else None
    orientation = tags.number(ORIENTATION, 0) or orientation_of(xmp)
    orientation = orientation if orientation in range(1, 9) else 1
    if photometric in (CMYK, LAB):  # pixels become sRGB
        tags = replace(tags, tags={n: t for n, t in tags.tags.items() if n not in MEANING})
    xmp, xmp_lost = kept_xmp(xmp)
    kept = Kept(
        exif_of_tiff(data, tags, head, orientation),
        None if mode == "CMYK" else icc,
        xmp,
        iptc_of_tiff(tags),
        dpi=dpi_upright(_dpi(tags), orientation),
        aspect=aspect_upright(_aspect(tags), orientation),
    )
    packed = tags.number(COMPRESSION, 1)
    by_vips = packed in BY_VIPS and photometric != LAB and (photometric != YCBCR or packed == JPEG)

    def pixels() -> Pixels:
        if not by_vips:
            return pillow.pixels_of_tiff(bytes(data), icc)
        read = vips.read(bytes(data), "TIFF")
        # Of a palette and of YCbCr libvips makes RGB.
        seen = 3 if photometric in (PALETTE, YCBCR) else colours
        if read.shape[2] < seen + alpha:  # of a palette of greys one channel of colour
            read = np.concatenate([*[read[..., :1]] * seen, read[..., 1:]], axis=2)
        colour, rest = read[..., :seen], read[..., seen : seen + alpha]
        if photometric == CMYK:
            inks = np.ascontiguousarray(eight_bits(colour)).tobytes()
            image = Image.frombytes("CMYK", (width, height), inks)
            colour, rest = np.asarray(cmyk_to_rgb(image, icc)), eight_bits(rest)
        return np.concatenate([colour, rest], axis=2)

    wide = bits == 16 and photometric != CMYK
    if photometric in (CMYK, LAB):
        notes.append(f"{'CMYK' if photometric == CMYK else 'LAB'} becomes RGB")
        notes += ["16 bits per channel become 8"] if bits == 16 else []
    notes += [*lost, *xmp_lost, *lost_of_tiff(data, tags, head), *pages(_pages(data, head, tags))]
    size = (width, height)
    if not by_vips and tags.number(ORIENTATION, 0):  # Pillow makes them upright
        size, orientation = (height, width) if orientation in LYING else size, 1
    return Opened("TIFF", size, orientation, bool(alpha), wide, grey, kept, tuple(notes), pixels)


def _refuse_raw(data: bytes, head: Head, tags: Directory) -> None:
    """Refuse files whose image is not the first one: those of cameras, and previews."""
    photometric = [tags.number(PHOTOMETRIC, -1)]
    for place in dict.fromkeys(tags.numbers(SUB_IMAGES)[:MOST_SUB_IMAGES]):
        try:
            photometric.append(read_directory(data, place, head).number(PHOTOMETRIC, -1))
        except ValueError:
            continue
    if DNG_VERSION in tags.tags or any(kind in RAW for kind in photometric):
        raise ImageError(RAW_IMAGE)
    if tags.number(KIND, 0) & 1 or tags.number(OLD_KIND, 1) == 2:
        raise ImageError("its first image is a preview of another; save that one alone")


def _layout(tags: Directory) -> tuple[int, int, int, list[str]]:
    """Bits of a sample, channels of colour, 1 with alpha (else 0), and notes.

    Raises:
        ImageError: of another kind than those that are read right.
    """
    photometric, samples = tags.number(PHOTOMETRIC, 1), tags.number(SAMPLES, 1)
    if photometric not in COLOURS:
        name = NAMES.get(photometric, f"number {photometric}")
        raise ImageError(f"its colours ({name}) are not read; convert it to RGB")
    depths, formats = set(tags.numbers(BITS) or (1,)), set(tags.numbers(SAMPLE_FORMAT) or (1,))
    bits = max(depths)
    if formats - {1, 4} or bits >= 32:
        kind = "floating point" if 3 in formats else "signed" if formats - {1, 4} else "unsigned"
        raise ImageError(
            f"{bits} bits per sample ({kind}) have no known white; convert it to 8 or 16 bits"
        )
    narrow = photometric in (*GREY, PALETTE) and samples == 1
    allowed = (8,) if photometric in (LAB, YCBCR) else (1, 2, 4, 8) if narrow else (8, 16)
    if len(depths) > 1 or not (bits in allowed or (bits == 16 and photometric in GREY)):
        several = " and ".join(map(str, sorted(depths)))
        raise ImageError(
            f"{several} bits per sample are not read of it; convert it to 8 or 16 bits"
        )
    colours = COLOURS[photometric]
    if samples < colours:
        raise ImageError("damaged: it has fewer channels than its colours need")
    if photometric == CMYK and tags.number(INKS, 1) != 1:
        raise ImageError("its inks are others than CMYK; convert it to RGB")
    packed = tags.number(COMPRESSION, 1)
    if photometric == YCBCR and packed != JPEG and tags.numbers(SUBSAMPLING) != (1, 1):
        raise ImageError("its colours (YCbCr of half the size) are not read; convert it to RGB")
    if packed not in BY_VIPS and not (packed in BY_PILLOW and bits == 8):
        raise ImageError(f"its compression ({packed}) is not read; save it with LZW or Deflate")
    if samples > 1 and tags.number(PLANES, 1) == 2 and TILE_WIDTH in tags.tags:
        raise ImageError("its channels lie apart in tiles, which is not read; save it in strips")
    if samples > 1 and tags.number(PLANES, 1) == 2 and photometric not in (RGB, CMYK):
        raise ImageError("its channels lie apart, which is not read; save them interleaved")
    extra = tags.numbers(EXTRA)
    alpha = int(samples > colours and extra[:1] in ((1,), (2,)))
    left = samples - colours - alpha
    notes = [f"{left} more channels of unknown meaning are left out"] if left else []
    return bits, colours, alpha, notes


def _pages(data: bytes, head: Head, tags: Directory) -> int:
    """Images in the file, without previews and masks."""
    count, place, seen = 1, tags.following, set[int]()
    while place and place not in seen and len(seen) < MOST_PAGES:
        seen.add(place)
        try:
            page = read_directory(data, place, head)
        except ValueError:
            break
        count += not page.number(KIND, 0) & 5
        place = page.following
    else:
        if place and place not in seen:
            return MOST_PAGES + 1  # not all were looked at
    return count


def _dpi(tags: Directory) -> tuple[float, float] | None:
    across, along = _resolutions(tags)
    unit = tags.number(UNIT, PER_INCH)
    if not across or not along or unit not in (PER_INCH, PER_CENTIMETRE):
        return None
    factor = 100 * INCH if unit == PER_CENTIMETRE else 1
    return across * factor, along * factor


def _aspect(tags: Directory) -> Fraction | None:
    return aspect_of(*_resolutions(tags)) if tags.number(UNIT, PER_INCH) == NO_UNIT else None


def _resolutions(tags: Directory) -> tuple[float, float]:
    """Pixels per unit across and along, 0 without."""
    across, along = (next(iter(tags.ratios(tag)), 0) for tag in RESOLUTIONS)
    return across, along
