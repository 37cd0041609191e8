"""Reading an image's file with all that it holds: depth, transparency, profile, EXIF."""

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, UnidentifiedImageError

from srcore.images.decode import FORMATS, ImageError
from srcore.images.depth import is_grey, is_planar, is_wide, read_wide
from srcore.images.metadata import kept_of
from srcore.images.raster import Pixels, Raster, white

MAX_PIXELS = 100_000_000
"""Larger images are refused, as a guard against decompression bombs."""
STRAIGHT = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB", "HSV": "RGB"}
"""Modes of Pillow → the one that holds the same with 8 bits a channel and no palette."""
COLOUR_SPACES = ("CMYK", "YCbCr", "LAB")
"""Modes of Pillow whose colours are converted to RGB; their profile then holds no more."""
TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
"""Orientation as EXIF numbers it → what makes rows and columns upright."""


@dataclass(frozen=True)
class Header:
    """What a file says of its image before the pixels are read.

    Attributes:
        kind: format as Pillow calls it, JPEG for those of several images too.
        size: width and height in pixels, perhaps not upright.
        alpha: whether something may be transparent.
        wide: whether channels have 16 bits.
        grey: whether there is one channel of colour.
        notes: what will not come out as it goes in.
    """

    kind: str
    size: tuple[int, int]
    alpha: bool
    wide: bool
    grey: bool
    notes: tuple[str, ...]


def look(path: Path) -> Header:
    """Read the head of an image's file.

    Raises:
        ImageError: empty, not an image, damaged, too large, or of a kind that has no RGB.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, _opened(file) as image:
        frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1
        notes = [f"{frames} frames or pages, of which the first is enlarged"] if frames > 1 else []
        if image.mode in COLOUR_SPACES:
            notes.append(f"{image.mode} becomes RGB")
        return Header(
            "JPEG" if image.format == "MPO" else str(image.format),
            image.size,
            image.has_transparency_data,
            is_wide(image),
            is_grey(image),
            tuple(notes),
        )


def read(path: Path) -> Raster:
    """Read an image: upright, straight alpha, 8 or 16 bits a channel, grey or RGB.

    Of an animation the first frame counts. CMYK becomes RGB, by its own profile when it has one.

    Raises:
        ImageError: as `look`, and for what is damaged further down.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    with _opened(BytesIO(data)) as image, _opened(BytesIO(data)) as again:
        converted = image.mode in COLOUR_SPACES
        key = image.info.get("transparency")
        if is_wide(image):
            channels = _keyed(read_wide(image, again), key)
        else:
            channels = np.asarray(_straight(image))
        channels = channels if channels.ndim == 3 else channels[..., None]
        # Asked for once the pixels are read: Pillow turns a TIFF upright itself.
        kept = kept_of(image)
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1), lambda x: x)
        channels = np.ascontiguousarray(turn(channels))
    colours = 1 if channels.shape[2] < 3 else 3
    alpha = channels[..., -1] if channels.shape[2] in (2, 4) else None
    return Raster(channels[..., :colours], alpha, replace(kept, icc=None) if converted else kept)


@contextmanager
def _opened(file: IO[bytes]) -> Generator[ImageFile.ImageFile]:
    """Open an image; whatever goes wrong in the block is a `ImageError`, but for memory."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that are odd; what matters is raised
            with Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ImageError(
                        f"{image.width} x {image.height} pixels are more than {MAX_PIXELS}"
                    )
                if is_planar(image):
                    raise ImageError(
                        "its channels of more than 8 bits lie one after the other (planar); "
                        "save it with them side by side"
                    )
                yield image
    except (ImageError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"more than {MAX_PIXELS} pixels") from None
    except UnidentifiedImageError:
        raise ImageError(f"not an image of a known kind ({', '.join(FORMATS)})") from None
    except Exception as error:  # noqa: BLE001 Pillow's readers raise anything on damaged bytes
        what = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"damaged: {what}") from None


def _straight(image: Image.Image) -> Image.Image:
    """The same image as L, LA, RGB or RGBA."""
    if image.mode in ("I", "F"):
        raise ImageError("32 bits a pixel have no known white; convert it to 8 or 16 bits")
    if image.mode in COLOUR_SPACES:
        return _to_rgb(image, image.info.get("icc_profile"))
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert(STRAIGHT.get(image.mode, image.mode))


def _to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    srgb = ImageCms.createProfile("sRGB")
    try:
        if image.mode == "LAB":
            lab = ImageCms.createProfile("LAB")
            return cast(
                "Image.Image", ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
            )
        if icc:
            own = ImageCms.ImageCmsProfile(BytesIO(icc))
            return cast(
                "Image.Image", ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
            )
    except ImageCms.PyCMSError:  # a profile of something else
        if image.mode == "LAB":
            raise
    return image.convert("RGB")


def _keyed(channels: Pixels, key: int | tuple[int, ...] | None) -> Pixels:
    """Add the transparency that a file of 16 bits without alpha gives as one colour."""
    if key is None or isinstance(key, bytes) or (channels.ndim == 3 and channels.shape[2] != 3):
        return channels
    colours = channels if channels.ndim == 3 else channels[..., None]
    seen = (colours != np.asarray(key, colours.dtype)).any(axis=2, keepdims=True)
    return np.concatenate([colours, seen * np.asarray(white(colours), colours.dtype)], axis=2)
