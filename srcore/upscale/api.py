"""Enlarging from Python: `from srcore import enlarge, load_network`."""

from numbers import Real
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from srcore.common.errors import StudyError
from srcore.images.error import ImageError
from srcore.images.raster import Kept, Pixels, Raster, raster_of
from srcore.images.reading.colour import checked
from srcore.images.reading.pillow import is_wide, straight
from srcore.inference import load
from srcore.inference.network import Network
from srcore.inference.tiles import TILE
from srcore.upscale.device import device_of
from srcore.upscale.enlarge import enlarge_rows, output_for
from srcore.upscale.size import LARGEST


def load_network(
    checkpoint: str | Path | None = None, *, weights: str | None = None, device: str = "auto"
) -> Network:
    """Load a network.

    Args:
        checkpoint: a checkpoint of the study; by default the network that the package ships.
        weights: of a network with frozen VGG16 or CLIP: `random`, `pretrained` or a file; by
            default what the checkpoint names.
        device: `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        StudyError: a file is missing or damaged, or there is no such device.
    """
    path = None if checkpoint is None else Path(checkpoint)
    return load.load_network(path, weights, device_of(device, "device = "))


@overload
def enlarge(
    image: Image.Image,
    network: Network | None = ...,
    scale: float = ...,
    *,
    size: tuple[int, int] | None = ...,
    tile: int = ...,
) -> Image.Image: ...


@overload
def enlarge(
    image: NDArray[Any],
    network: Network | None = ...,
    scale: float = ...,
    *,
    size: tuple[int, int] | None = ...,
    tile: int = ...,
) -> Pixels: ...


def enlarge(
    image: Image.Image | NDArray[Any],
    network: Network | None = None,
    scale: float = LARGEST,
    *,
    size: tuple[int, int] | None = None,
    tile: int = TILE,
) -> Image.Image | Pixels:
    """Enlarge an image: an image of Pillow gives one, an array gives an array.

    Args:
        image: of Pillow, in any mode (a palette becomes RGB, CMYK and CIELab become sRGB, grey of
            16 bits stays), made upright as its EXIF says; or an array (H, W) of grey,
            (H, W, 1), (H, W, 2) of grey and alpha, (H, W, 3) of RGB, (H, W, 4) of RGB and alpha,
            uint8 or uint16, of which the largest value is white.
        network: what `load_network` gave; by default the package's own, loaded at every call.
        scale: both sides so many times, 1 to 4.
        size: width and height to make instead, in pixels, upright.
        tile: side of a tile in pixels: less for less memory.

    Returns:
        An array of the same type and number of dimensions, or an image of Pillow. That has the
        colour profile in its `info`, and no EXIF. A profile that is damaged or of another kind of
        image (one of RGB in a grey image, say) is left out. Pillow writes the profile to a JPEG
        only when it is passed: `made.save(path, icc_profile=made.info.get("icc_profile"))`.

    Raises:
        StudyError: the image is of another kind, or the network does not enlarge so much.
        OSError: the file behind an image of Pillow is damaged.
    """
    if not isinstance(image, Image.Image | np.ndarray):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise StudyError(f"image: give an image of Pillow or an array, not {type(image).__name__}")
    if size is None and not (isinstance(scale, Real) and 1 <= scale <= LARGEST):
        raise StudyError(f"scale = {scale!r}: give a number from 1 to {LARGEST:g}")
    if size is not None and not _is_size(size):
        raise StudyError(f"size = {size}: give a width and a height in pixels")
    if not _is_positive(tile):
        raise StudyError(f"tile = {tile}: give the side of a tile in pixels")
    if not isinstance(network, Network | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise StudyError(f"network: give what load_network gave, not {type(network).__name__}")
    network = network or load_network()
    raster = _of_pillow(image) if isinstance(image, Image.Image) else _of_array(image)
    width, height = raster.size
    new = size or (max(1, round(scale * width)), max(1, round(scale * height)))
    factor = max(new[0] / width, new[1] / height)
    if factor > 1:
        output_for(network, factor, "a smaller size" if size else "a smaller scale")
    device = next(network.model.parameters()).device
    made = raster_of(enlarge_rows(network, raster, new, device, tile=tile))
    parts = [made.colours] if made.alpha is None else [made.colours, made.alpha[..., None]]
    pixels = np.concatenate(parts, axis=2)
    if not isinstance(image, Image.Image):
        return pixels[..., 0] if image.ndim == 2 else pixels
    result = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if icc := _profile(image, "L" if raster.colours.shape[2] == 1 else "RGB"):
        result.info["icc_profile"] = icc
    return result


def _profile(image: Image.Image, mode: str) -> bytes | None:
    """The profile of what is made: none of CMYK and CIELab, which became sRGB, or of a misfit."""
    if image.mode in ("CMYK", "LAB"):
        return None
    return checked(image.info.get("icc_profile"), mode)[0]


def _is_size(size: object) -> bool:
    return isinstance(size, tuple | list) and len(size) == 2 and all(map(_is_positive, size))


def _is_positive(pixels: object) -> bool:
    return isinstance(pixels, int | np.integer) and bool(pixels > 0)


def _of_pillow(image: Image.Image) -> Raster:
    wide = is_wide(image)  # of the image itself: a copy forgets its format
    if wide and "transparency" in image.info:
        raise StudyError(
            "an image of 16 bits with a transparent grey: Pillow cannot hold what becomes of it; "
            "give an array (H, W, 2) of grey and alpha"
        )
    image = _upright(image)
    if wide:
        return _of_array(np.asarray(image).astype(np.uint16))
    icc = checked(image.info.get("icc_profile"), "CMYK")[0] if image.mode == "CMYK" else None
    try:
        return _of_array(np.asarray(straight(image, icc)))
    except ImageError as error:
        raise StudyError(f"an image of mode {image.mode}: {error}") from None


def _upright(image: Image.Image) -> Image.Image:
    """As its EXIF says; as it is where that is damaged."""
    image.load()  # what is wrong with the pixels is for who opened them
    try:
        return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 Pillow raises anything on damaged EXIF
        return image


def _of_array(pixels: NDArray[Any]) -> Raster:
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    shape, channels = pixels.shape, pixels if pixels.ndim == 3 else pixels[..., None]
    if pixels.dtype.name not in ("uint8", "uint16") or channels.ndim != 3 or not pixels.size:
        raise StudyError(
            f"an array of {pixels.dtype}, {shape}: give uint8 or uint16, (H, W) or (H, W, C)"
        )
    if channels.shape[2] > 4:
        raise StudyError(f"an array of {shape}: give 1 to 4 channels, the last dimension")
    colours = 1 if channels.shape[2] < 3 else 3
    alpha = channels[..., -1] if channels.shape[2] in (2, 4) else None
    return Raster(channels[..., :colours], alpha, Kept())
