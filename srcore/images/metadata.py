"""What an image's file says beside its pixels, and which of it is still true when enlarged."""

from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image

from srcore.images.raster import Kept

UPRIGHT = 1
DESCRIPTIVE = frozenset(
    {
        ExifTags.Base.ImageDescription,
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.Orientation,
        ExifTags.Base.XResolution,
        ExifTags.Base.YResolution,
        ExifTags.Base.ResolutionUnit,
        ExifTags.Base.Software,
        ExifTags.Base.DateTime,
        ExifTags.Base.Artist,
        ExifTags.Base.HostComputer,
        ExifTags.Base.Rating,
        ExifTags.Base.RatingPercent,
        ExifTags.Base.Copyright,
        ExifTags.Base.XPTitle,
        ExifTags.Base.XPComment,
        ExifTags.Base.XPAuthor,
        ExifTags.Base.XPKeywords,
        ExifTags.Base.XPSubject,
    }
)
"""Tags that tell of the image; the others of a TIFF tell how its pixels lie in the file."""
MAX_DPI = 65_535
"""What any format can hold; more is an error of whoever wrote it."""
PARTS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
"""Groups of tags of their own. That of the preview is left: it shows the image unturned."""


def kept_of(image: Image.Image) -> Kept:
    """What the file of `image` says beside its pixels, for pixels that are turned upright.

    The profile is that of the pixels in the file; whoever converts them must drop it.
    """
    found = image.getexif()
    exif = Image.Exif()
    for tag, value in found.items():
        if tag in DESCRIPTIVE and _can_be_written(tag, value):
            exif[tag] = value
    if ExifTags.Base.Orientation in exif:
        exif[ExifTags.Base.Orientation] = UPRIGHT
    for part in PARTS:
        if tags := dict(found.get_ifd(part)):
            if ExifTags.IFD.Interop in tags:
                tags[ExifTags.IFD.Interop] = found.get_ifd(ExifTags.IFD.Interop)
            exif[part] = {tag: value for tag, value in tags.items() if _can_be_written(tag, value)}
    return Kept(exif, image.info.get("icc_profile") or None, _dpi(image.info))


def exif_of(kept: Kept, size: tuple[int, int]) -> bytes | None:
    """The EXIF of an image of that width and height; None when there is nothing to say."""
    details: dict[int, Any] = kept.exif.get(ExifTags.IFD.Exif, {})
    sides = (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)
    if any(tag in details for tag in sides):
        details.update(zip(sides, size, strict=True))
    return kept.exif.tobytes() if len(kept.exif) else None


def _can_be_written(tag: int, value: Any) -> bool:
    """Whether Pillow can write what it has read; of odd files it reads more than it can write."""
    alone = Image.Exif()
    alone[tag] = value
    try:
        return bool(alone.tobytes())
    except Exception:  # noqa: BLE001  # whatever the value makes it raise
        return False


def _dpi(info: Mapping[Any, Any]) -> tuple[float, float] | None:
    try:
        across, along = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):  # a resolution of 1/0 is seen
        return None
    return (across, along) if 0 < across <= MAX_DPI and 0 < along <= MAX_DPI else None
