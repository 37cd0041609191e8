"""What a file that Pillow opened holds, and the checks that all such files go through."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import ImageFile

from srcore.images.raster import Chunk, Kept, Pixels
from srcore.images.reading.colour import checked
from srcore.images.reading.exif import kept_exif
from srcore.images.reading.numbers import MEANING
from srcore.images.reading.opened import Opened, pages
from srcore.images.reading.pillow import is_wide, straight
from srcore.images.reading.resolution import aspect_upright, dpi_upright
from srcore.images.reading.xmp import kept_xmp, orientation_of

GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
"""Modes of Pillow with one channel of colour."""
MAX_DPI = 65_535
"""The largest resolution that a JPEG can store; a larger one is an error of its writer."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An image's file as it is: nothing is checked or made upright.

    Attributes:
        kind: format, as `Opened` has it.
        size: width and height in pixels as they are in the file.
        space: L, RGB or CMYK.
        alpha: whether something may be transparent.
        wide: whether the pixels are read with 16 bits per channel.
        pixels: reads them as `Opened.pixels` does; takes the checked colour profile, which only
            CMYK needs.
        icc: the colour profile.
        exif: EXIF, with or without its six bytes of name.
        orientation: of 1 to 8, if the file has it outside EXIF and XMP.
        xmp: the XMP packet.
        iptc: IPTC captions.
        comment: the comment.
        rendering: the colour space as parts of a PNG; not used if there is a valid profile.
        dpi: pixels per inch, across and along, as in the file.
        aspect: pixels across / along the same length, as in the file; not used if there is `dpi`.
        notes: what is lost.
    """

    kind: str
    size: tuple[int, int]
    space: str
    alpha: bool
    wide: bool
    pixels: Callable[[bytes | None], Pixels]
    icc: bytes | None = None
    exif: bytes | None = None
    orientation: int | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    rendering: tuple[Chunk, ...] = ()
    dpi: tuple[float, float] | None = None
    aspect: Fraction | None = None
    notes: tuple[str, ...] = ()


def by_pillow(image: ImageFile.ImageFile, kind: str) -> Found:
    """All that Pillow finds itself, in the same way for every kind."""
    info: Mapping[Any, Any] = image.info
    frames: int = getattr(image, "n_frames", 1)
    return Found(
        kind=kind,
        size=image.size,
        space="CMYK" if image.mode == "CMYK" else "L" if image.mode in GREY else "RGB",
        alpha=image.has_transparency_data,
        wide=is_wide(image),
        pixels=lambda icc: loaded(image, icc),
        icc=info.get("icc_profile"),
        exif=as_bytes(info.get("exif")),
        xmp=as_bytes(info.get("xmp")),
        dpi=_dpi(info),
        notes=tuple(pages(frames)),
    )


def loaded(image: ImageFile.ImageFile, icc: bytes | None) -> Pixels:
    """The pixels: (H, W, C) of grey or RGB and straight alpha, uint8, or uint16 if it is wide.

    Raises:
        ImageError: it is not known which values are black and white.
    """
    image.load()
    wide = is_wide(image)
    pixels = np.asarray(image if wide else straight(image, icc), np.uint16 if wide else np.uint8)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def checked_and_upright(found: Found) -> Opened:
    """Check what a file holds, and leave out what is damaged or wrong for the upright image."""
    icc, lost = checked(found.icc, found.space)
    untrue = MEANING if found.space == "CMYK" else ()
    exif, orientation, exif_lost = kept_exif([found.exif] if found.exif else [], untrue)
    orientation = found.orientation or orientation or orientation_of(found.xmp)
    xmp, xmp_lost = kept_xmp(found.xmp)
    notes = [*found.notes, *exif_lost, *xmp_lost]
    if xmp and b"HasExtendedXMP" in xmp:
        notes.append("the second part of its XMP is left out")
    if found.space == "CMYK":
        notes.append("CMYK becomes RGB")
    kept = Kept(
        exif,
        None if found.space == "CMYK" else icc,
        xmp,
        found.iptc,
        comment=found.comment,
        rendering=() if icc else found.rendering,
        dpi=dpi_upright(found.dpi, orientation),
        aspect=None if found.dpi else aspect_upright(found.aspect, orientation),
    )

    def pixels() -> Pixels:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd tags; real errors are raised
            return found.pixels(icc)

    return Opened(
        found.kind,
        found.size,
        orientation,
        found.alpha,
        found.wide,
        found.space == "L",
        kept,
        (*notes, *lost),
        pixels,
    )


def with_profile(found: Found, icc: bytes | None) -> Found:
    """With a profile that Pillow does not give, of a kind whose colours are always RGB.

    Pillow makes grey of a palette of greys, for which a profile of RGB would be a wrong one.
    """
    if not icc or icc[16:20] != b"RGB " or found.space != "L":
        return replace(found, icc=icc)

    def pixels(checked_icc: bytes | None) -> Pixels:
        read = found.pixels(checked_icc)
        return np.concatenate([*[read[..., :1]] * 3, read[..., 1:]], axis=2)

    return replace(found, icc=icc, space="RGB", pixels=pixels)


def as_bytes(value: object) -> bytes | None:
    """A text of Pillow as it is in the file, None if it is empty or of another type."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape") or None
    return value if isinstance(value, bytes) and value else None


def _dpi(info: Mapping[Any, Any]) -> tuple[float, float] | None:
    # Some files have a resolution of 1/0.
    with suppress(KeyError, TypeError, ValueError, ZeroDivisionError):
        across, along = (float(value) for value in info["dpi"])
        return (across, along) if 0 < across <= MAX_DPI and 0 < along <= MAX_DPI else None
    return None
