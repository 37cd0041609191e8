"""Writing an image in the format of its file where that can hold it, and else as PNG."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import ExifTags, Image

from srcore.common.files import atomic
from srcore.images.metadata import PARTS, exif_of
from srcore.images.png16 import write_png16
from srcore.images.raster import Raster


@dataclass(frozen=True)
class Kind:
    """A format that images are written in.

    Attributes:
        endings: of names of its files, the usual one first.
        longest: largest width or height in pixels.
        alpha: whether it holds transparency.
        wide: whether it holds 16 bits a channel.
        options: how Pillow is told to write it.
    """

    endings: tuple[str, ...]
    longest: int
    alpha: bool = True
    wide: bool = False
    options: dict[str, Any] = field(default_factory=dict[str, Any])


KINDS: dict[str, Kind] = {
    "JPEG": Kind(
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        65_500,
        alpha=False,
        options={"quality": 95, "subsampling": "4:4:4"},
    ),
    "PNG": Kind((".png",), 2**31 - 1, wide=True),
    "TIFF": Kind((".tif", ".tiff"), 2**31 - 1, wide=True, options={"compression": "tiff_lzw"}),
    "WEBP": Kind((".webp",), 16_383, options={"quality": 95, "exact": True}),
    "AVIF": Kind((".avif",), 65_536, options={"quality": 90, "subsampling": "4:4:4"}),
    "BMP": Kind((".bmp",), 2**31 - 1, alpha=False),
    "PPM": Kind((".ppm", ".pgm", ".pnm"), 2**31 - 1, alpha=False),
}
"""Pillow's name of a format → what it can hold. What else is read (GIF, JPEG 2000) becomes PNG."""
LONGEST_EXIF = 65_533
"""Bytes of EXIF that a JPEG holds; another format's may be longer, and is then left out."""
DESCRIPTIONS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
"""Texts that a TIFF of 16-bit colours keeps of the EXIF; Pillow cannot write one, with the rest."""


def kind_of_ending(path: Path) -> str | None:
    """The format that the ending of a file's name asks for, None when it is of none."""
    ending = path.suffix.lower()
    return next((name for name, kind in KINDS.items() if ending in kind.endings), None)


def lacking(name: str, size: tuple[int, int], *, alpha: bool, wide: bool, grey: bool) -> str | None:
    """What such an image has that the format `name` cannot hold, None when it can hold all."""
    kind = KINDS[name]
    if max(size) > kind.longest:
        return f"a side of {max(size)} pixels (at most {kind.longest})"
    if alpha and not kind.alpha:
        return "transparency"
    if wide and not kind.wide:
        return "16 bits a channel"
    return "16-bit grey with transparency" if name == "TIFF" and wide and alpha and grey else None


def save(raster: Raster, path: Path, name: str) -> None:
    """Write an image in the format `name`, which must be able to hold it; whole or not at all."""
    channels = raster.colours
    if raster.alpha is not None:
        channels = np.concatenate([channels, raster.alpha[..., None]], axis=2)
    wide, coloured = channels.dtype == np.uint16, channels.shape[2] >= 3
    with atomic(path) as partial:
        if wide and name == "PNG":
            write_png16(channels.astype(np.uint16, copy=False), raster.kept, partial)
        elif wide and coloured:
            _write_tiff16(channels, raster, partial)
        else:
            _write(channels, raster, partial, name)


def _write(channels: Any, raster: Raster, path: Path, name: str) -> None:
    image = Image.fromarray(channels[..., 0] if channels.shape[2] == 1 else channels)
    kept, options = raster.kept, dict(KINDS[name].options)
    exif = exif_of(kept, raster.size)
    if exif and not (name == "JPEG" and len(exif) > LONGEST_EXIF):
        options["exif"] = exif
        if name == "TIFF" and any(part in kept.exif for part in PARTS):
            del options["compression"]  # Pillow packs no TIFF that has groups of tags
    if kept.icc:
        options["icc_profile"] = kept.icc
    if kept.dpi:
        options["dpi"] = kept.dpi
    image.save(path, name, **options)


def _write_tiff16(channels: Any, raster: Raster, path: Path) -> None:
    kept = raster.kept
    texts = [(int(tag), str(kept.exif[tag])) for tag in DESCRIPTIONS if kept.exif.get(tag)]
    tifffile.imwrite(
        path,
        channels,
        photometric="rgb",
        extrasamples=["unassalpha"] if channels.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        rowsperstrip=64,
        metadata=None,
        software=False,
        iccprofile=kept.icc,
        resolution=kept.dpi,
        resolutionunit="INCH" if kept.dpi else None,
        extratags=[(tag, "s", 0, text, True) for tag, text in texts],
    )
