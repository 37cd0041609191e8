"""One image, enlarged: its colours by the network, its transparency by bicubic interpolation."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.images.raster import Pixels, Raster, white
from srcore.inference.network import Network
from srcore.inference.tiles import TILE, Tiles
from srcore.models.scales import OUTPUTS

Watch = Callable[
    [Iterable[tuple[slice, slice, Tensor]], int], Iterator[tuple[slice, slice, Tensor]]
]
"""Passes on the tiles and shows how many of how many are done."""


def output_of(network: Network, scale: int) -> str:
    """Name of the output that enlarges so much.

    Raises:
        StudyError: the network has none.
    """
    output = next(name for name, factor in OUTPUTS.items() if factor == scale)
    if output not in network.model.outputs:
        known = " or ".join(f"--scale {OUTPUTS[name]}" for name in network.model.outputs)
        raise StudyError(
            f"{network.card.model} enlarges by {known.removeprefix('--scale ')} alone, not by "
            f"{scale}; give {known} or another checkpoint"
        )
    return output


def enlarge(
    network: Network,
    image: Raster,
    scale: int,
    device: torch.device,
    *,
    tile: int = TILE,
    watch: Watch = lambda tiles, _: iter(tiles),
) -> Raster:
    """Enlarge an image; grey stays grey, 16 bits stay 16, transparency stays.

    The network sees grey as three equal channels, and its answer is their mean. Where an image is
    fully transparent its colours mean nothing, and would show at the edges once enlarged: they are
    replaced by those of the nearest pixel that is seen.

    Raises:
        StudyError: the network has no output of this scale.
    """
    output = output_of(network, scale)
    colours = image.colours
    if image.alpha is not None:
        colours = bleed(colours, image.alpha)
    tiles = Tiles(network, np.broadcast_to(colours, (*colours.shape[:2], 3)), tile, device)
    height, width, channels = colours.shape
    made = np.empty((scale * height, scale * width, channels), colours.dtype)
    for rows, columns, values in watch(tiles.outputs(output), len(tiles)):
        seen = values.mean(dim=0, keepdim=True) if channels == 1 else values
        made[rows, columns] = to_pixels(seen, white(colours))
    alpha = None if image.alpha is None else enlarge_bicubic(image.alpha, scale)
    return replace(image, colours=made, alpha=alpha)


def to_pixels(values: Tensor, largest: int) -> Pixels:
    """(C, H, W) in [0, 1], or about → (H, W, C) whole numbers, as `to_images` does."""
    levels = values.clamp(0, 1).mul(largest).round().permute(1, 2, 0).cpu().numpy()
    return levels.astype(np.uint8 if largest == 255 else np.uint16)


def bleed(colours: Pixels, alpha: Pixels) -> Pixels:
    """Give pixels that are fully transparent the colours of the nearest pixel that is not.

    Args:
        colours: (H, W, C).
        alpha: (H, W), 0 where transparent.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colours
    rows, columns = ndimage.distance_transform_edt(
        hidden, return_distances=False, return_indices=True
    )
    return colours[rows, columns]


def enlarge_bicubic(channel: Pixels, scale: int) -> Pixels:
    """Enlarge one channel (H, W) as Pillow does, whatever its depth."""
    height, width = (scale * side for side in channel.shape)
    exact = Image.fromarray(channel.astype(np.float32))
    resized: NDArray[np.float32] = np.asarray(
        exact.resize((width, height), Image.Resampling.BICUBIC)
    )
    return np.clip(np.rint(resized), 0, white(channel)).astype(channel.dtype)
