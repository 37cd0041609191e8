"""All kinds that have 8 bits per channel, by Pillow: JPEG, WebP, AVIF, GIF, BMP, PPM, JPEG 2000."""

import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from srcore.images.error import ImageError, NotAnImageError
from srcore.images.raster import Kept, Pixels, white
from srcore.images.reading import jpeg2000
from srcore.images.reading.boxes import avif_space, jp2_profile
from srcore.images.reading.colour import checked, cmyk_to_rgb, lab_to_rgb
from srcore.images.reading.exif import upright
from srcore.images.reading.iptc import RESOURCE
from srcore.images.reading.numbers import NO_UNIT, UNIT, X_RESOLUTION
from srcore.images.reading.opened import FORMATS, Opened, pages
from srcore.images.reading.resolution import aspect_of, aspect_upright, dpi_upright
from srcore.images.reading.xmp import names_second, orientation_of, xmp_upright

# Pillow's own guard against huge images has one bound for the whole process, and warns through a
# filter that is not safe in threads. Sizes are checked before any pixel is read.
Image.MAX_IMAGE_PIXELS = None

STRAIGHT = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB", "HSV": "RGB"}
"""Modes of Pillow → the one that holds the same with 8 bits per channel and no palette."""
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
WIDE = ("I;16", "I;16L", "I;16B", "I;16N")
UNPACKED = ("L", "LA", "RGB", "RGBA", "P", "PA", *WIDE)
"""Modes whose channels are those of a JPEG 2000 or places in its palette, each as it lies there."""
MADE_UP_DPI = (72, 72)
"""What Pillow says of a JPEG that has EXIF and says nothing."""
MAX_DPI = 65_535
"""The most that a JPEG can say; more is taken for an error of whoever wrote it."""
PNM = re.compile(rb"P(?:[1-6f]|0CMYK|yP|yRGBA|yCMYK)[\s#]")
GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
PNM_HEAD = re.compile(
    rb"P(?:[14](?:%(gap)s[0-9]+){2}|(?:[2356f]|0CMYK|y[A-Z]+)(?:%(gap)s[-+.0-9]+){3})\s"
    % {b"gap": GAP}
)
LONGEST_HEAD = 1 << 16
"""Bytes of the head of a PPM, comments among them; Pillow reads them one by one."""


def open_other(data: bytes) -> Opened:
    """Read all but the pixels.

    Raises:
        ImageError: of no kind that is read, or damaged.
    """
    head = bytes(data[:LONGEST_HEAD])
    if len(head) == LONGEST_HEAD and PNM.match(head) and not PNM_HEAD.match(head):
        raise ImageError(f"damaged: its head is longer than {LONGEST_HEAD} bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tags that are odd; what matters is raised
        image = _opened(data)
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    info: Mapping[Any, Any] = image.info
    grey, wide = image.mode in GREY, is_wide(image)
    depths = jpeg2000.depths_of(data) if kind == "JPEG2000" else []
    bits = max(depths, default=_bits(data, image, kind))
    if kind == "JPEG2000" and bits > 8 and not wide:
        # Pillow rounds to 8 bits beyond white, which is then black.
        raise ImageError(f"{bits} bits per channel are not read of it; convert it to 8 bits")
    notes = [f"{bits} bits per channel become 8"] if bits > 8 and not wide else []
    notes += pages(frames)
    kind = "PGM" if grey and kind == "PPM" else kind
    mode = "CMYK" if image.mode == "CMYK" else "L" if grey else "RGB"
    profile = jp2_profile(data) if kind == "JPEG2000" else info.get("icc_profile")
    icc, said = checked(profile, mode)
    xmp = jpeg2000.xmp_of(data) if kind == "JPEG2000" else _bytes(info.get("xmp"))
    found, told = _raw_exif(data, image, kind)
    exif, orientation = _exif(found, notes)
    orientation = told or orientation or orientation_of(xmp)
    if image.format == "MPO" or b"tmap" in bytes(data[:4096] if kind == "AVIF" else b""):
        notes.append("another image in its file (a gain map, a depth, a preview) is left out")
    if xmp and names_second(xmp):
        notes.append("a gain map or video that its XMP names is left out, and what XMP says of it")
    if xmp and b"HasExtendedXMP" in xmp:
        notes.append("the second part of its XMP is left out")
    if mode == "CMYK":
        notes.append("CMYK becomes RGB")
    dpi = _dpi(image)
    kept = Kept(
        exif,
        None if mode == "CMYK" else icc,
        xmp_upright(xmp) if xmp else None,
        _iptc(info),
        comment=_comment(image, kind),
        rendering=avif_space(data) if kind == "AVIF" and not icc else (),
        dpi=dpi_upright(dpi, orientation),
        aspect=None if dpi else aspect_upright(_aspect(image), orientation),
    )

    def pixels() -> Pixels:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            if kind == "JPEG2000" and image.mode in UNPACKED:
                return jpeg2000.straight(image, data, depths)
            whole = image if wide else straight(image, icc)
            read = np.asarray(whole, np.uint16 if wide else np.uint8)
        read = read if read.ndim == 3 else read[..., None]
        return read if frame is None or read.shape[2] in (2, 4) else _with_alpha(read, frame)

    frame = _smaller_frame(image) if kind == "GIF" else None
    alpha = image.has_transparency_data or frame is not None
    return Opened(kind, image.size, orientation, alpha, wide, grey, kept, (*notes, *said), pixels)


def pixels_of_tiff(data: bytes, icc: bytes | None) -> Pixels:
    """Pixels of a TIFF of 8 bits per channel that libvips does not read: (H, W, C).

    They are upright by its tag.

    Raises:
        ImageError: it is of a layout that Pillow does not read, either.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            opened = Image.open(BytesIO(data), formats=["TIFF"])
        except UnidentifiedImageError:
            raise ImageError("its layout is not read; save it with LZW or Deflate") from None
        with opened as image:
            image.info.pop("xmp", None)  # its orientation is heeded by who asks
            image.load()
            read = np.asarray(straight(image, icc))
    return read if read.ndim == 3 else read[..., None]


def is_wide(image: Image.Image) -> bool:
    """Whether Pillow keeps 16 bits of it; a PGM of 16 bits it reads as "I", scaled to 65535."""
    return image.mode in WIDE or (image.mode == "I" and image.format == "PPM")


def straight(image: Image.Image, icc: bytes | None) -> Image.Image:
    """The same image as L, LA, RGB or RGBA.

    Args:
        image: read, of any mode of Pillow.
        icc: the profile of a CMYK image.

    Raises:
        ImageError: which values are black and white is unknown.
    """
    if image.mode in ("I", "F"):
        raise ImageError("32 bits per pixel have no known white; convert it to 8 or 16 bits")
    if image.mode == "CMYK":
        return cmyk_to_rgb(image, icc)
    if image.mode == "LAB":
        return lab_to_rgb(image)
    if image.mode in ("P", "YCbCr"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert(STRAIGHT.get(image.mode, image.mode))


def _opened(data: bytes) -> ImageFile.ImageFile:
    others = [name for name in FORMATS if name not in ("PNG", "TIFF")]
    try:
        return Image.open(BytesIO(data), formats=others)
    except UnidentifiedImageError:
        raise NotAnImageError(f"not an image of a known kind ({', '.join(FORMATS)})") from None


def _smaller_frame(image: ImageFile.ImageFile) -> tuple[int, int, int, int] | None:
    """Where the first frame of a GIF lies, left, top, right and bottom, if not everywhere."""
    frame = image.tile[0].extents if image.tile else None
    return frame if frame != (0, 0, *image.size) else None


def _with_alpha(pixels: Pixels, frame: tuple[int, int, int, int]) -> Pixels:
    """What is outside of a frame transparent, as browsers show it."""
    left, top, right, bottom = frame
    seen = np.zeros((*pixels.shape[:2], 1), pixels.dtype)
    seen[top:bottom, left:right] = white(pixels)
    return np.concatenate([pixels, seen], axis=2)


def _bits(data: bytes, image: Image.Image, kind: str) -> int:
    """Bits per channel in the file, of which Pillow mostly keeps 8."""
    bits = 8
    if kind == "AVIF" and (config := data.find(b"av1C", 0, 4096)) > 0:
        flags = data[config + 6]
        bits = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    elif kind == "PPM" and isinstance(image, ImageFile.ImageFile) and image.tile:
        arguments = image.tile[0].args
        largest = arguments[1] if isinstance(arguments, tuple) and len(arguments) > 1 else 255
        bits = max(8, int(largest).bit_length()) if isinstance(largest, int) else 8
    return bits


def _raw_exif(
    data: bytes, image: ImageFile.ImageFile, kind: str
) -> tuple[bytes | None, int | None]:
    """EXIF as it is in the file; and the orientation where another part of the file has it."""
    if kind == "JPEG2000":
        return jpeg2000.exif_of(data), None
    # Of an AVIF that is rotated Pillow writes EXIF anew, and texts are lost.
    if kind == "AVIF" and (decoder := getattr(image, "_decoder", None)) is not None:
        *_, exif, orientation, _ = decoder.get_info()
        return _bytes(exif), int(orientation)
    return _bytes(image.info.get("exif")), None


def _comment(image: Image.Image, kind: str) -> bytes | None:
    """The comment of a JPEG or GIF; those of a JPEG that has several, in lines."""
    if kind == "GIF":
        return _bytes(image.info.get("comment"))
    applied: list[tuple[str, bytes]] = getattr(image, "applist", [])
    return b"\n".join(part for name, part in applied if name == "COM") or None


def _exif(found: bytes | None, notes: list[str]) -> tuple[bytes | None, int | None]:
    try:
        return upright(found) if found else (None, None)
    except ValueError:
        notes.append("its EXIF is damaged and left out")
        return None, None


def _iptc(info: Mapping[Any, Any]) -> bytes | None:
    resources = info.get("photoshop")
    caption = resources.get(RESOURCE) if isinstance(resources, Mapping) else None
    return caption if isinstance(caption, bytes) else None


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape") or None
    return value if isinstance(value, bytes) and value else None


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    # A resolution of 1/0 is seen.
    with suppress(KeyError, TypeError, ValueError, ZeroDivisionError):
        across, along = (float(value) for value in image.info["dpi"])
        is_jpeg = image.format in ("JPEG", "MPO")
        if is_jpeg and (across, along) == MADE_UP_DPI and not _says_dpi(image):
            return None
        if is_jpeg and not image.info.get("jfif_unit") and image.getexif().get(UNIT) == NO_UNIT:
            return None  # Pillow takes the ratio for pixels per inch
        return (across, along) if 0 < across <= MAX_DPI and 0 < along <= MAX_DPI else None
    return None


def _aspect(image: Image.Image) -> Fraction | None:
    """The ratio of a JPEG whose resolution has no unit."""
    has_unit = image.info.get("jfif_unit") != 0
    return None if has_unit else aspect_of(*image.info.get("jfif_density", (1, 1)))


def _says_dpi(image: Image.Image) -> bool:
    return bool(image.info.get("jfif_unit")) or image.getexif().get(X_RESOLUTION) == MADE_UP_DPI[0]
