"""One image, enlarged: its colours by the network, its transparency by bicubic interpolation."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.images.raster import Pixels, Raster, Rows, rows_of, white
from srcore.inference.network import Network
from srcore.inference.tiles import TILE, Tiles
from srcore.models.scales import OUTPUTS
from srcore.upscale.bleed import bleed
from srcore.upscale.flat import settle
from srcore.upscale.resize import alpha_rows, shrink, shrink_seen

Watch = Callable[
    [Iterable[tuple[slice, slice, Tensor]], int], Iterator[tuple[slice, slice, Tensor]]
]
"""Passes on the tiles and shows how many of how many are done."""


def output_for(network: Network, factor: float, less: str = "") -> str:
    """Name of the output that enlarges so much, or more and by the least.

    Args:
        network: what enlarges.
        factor: how much.
        less: what to give instead of what was too much; by default the largest scale.

    Raises:
        StudyError: the network has none.
    """
    scales = {OUTPUTS[name]: name for name in network.model.outputs}
    enough = [scale for scale in scales if scale >= factor]
    if not enough:
        most = max(scales)
        other = " or another checkpoint" if most < max(OUTPUTS.values()) else ""
        raise StudyError(
            f"{network.card.model} enlarges by {most} at most, not by {factor:.4g}; give "
            f"{less or f'--scale {most}'}{other}"
        )
    return scales[min(enough)]


def enlarge_rows(
    network: Network,
    image: Raster,
    size: tuple[int, int],
    device: torch.device,
    *,
    tile: int = TILE,
    watch: Watch = lambda tiles, _: iter(tiles),
) -> Rows:
    """Enlarge an image; grey stays grey, 16 bits stay 16, transparency stays.

    The network enlarges by its next factor, and Pillow shrinks that to the size, antialiased; an
    image that is large enough already is shrunk alone. The network sees grey as three equal
    channels, and its answer is their mean. Where an image is fully transparent its colours mean
    nothing, and would show at the edges: before the network they are replaced by those of the
    nearest pixel that is seen, and where an image is shrunk its colours count by their alpha.
    Where all that the network sees is one colour, that colour is the answer.

    Args:
        network: what enlarges.
        image: the image.
        size: width and height to make.
        device: where the network is.
        tile: about the side of a tile in pixels.
        watch: see `Watch`.

    Raises:
        StudyError: the network does not enlarge so much, or its answer is NaN or infinite.
    """
    factor = max(new / old for new, old in zip(size, image.size, strict=True))
    colours = image.colours
    if factor > 1:
        if image.alpha is not None:
            colours = bleed(colours, image.alpha, network.model.receptive_radius + 4)
        output = output_for(network, factor)
        large = (OUTPUTS[output] * image.size[0], OUTPUTS[output] * image.size[1])
        tiles = Tiles(network, np.broadcast_to(colours, (*colours.shape[:2], 3)), tile, device)
        made = _bands(tiles, colours, output, watch)
        if image.alpha is not None and large != size:
            made = shrink_seen(_with_alpha(made, image.alpha, large), large, size)
        else:
            made = shrink(made, large, size)
    elif image.alpha is not None:
        made = shrink_seen(rows_of(image).bands, image.size, size)
    else:
        made = shrink(rows_of(image).bands, image.size, size)
    if image.alpha is not None:
        made = _with_alpha(made, image.alpha, size)
    channels = colours.shape[2] + (image.alpha is not None)
    return Rows(size, channels, colours.dtype == np.uint16, image.kept, made)


def _bands(tiles: Tiles, colours: Pixels, output: str, watch: Watch) -> Iterator[Pixels]:
    """What the network makes, a row of tiles at a time: (rows, s·W, C)."""
    width, channels, scale = colours.shape[1], colours.shape[2], OUTPUTS[output]
    band: Pixels | None = None
    for rows, columns, values in watch(tiles.outputs(output), len(tiles)):
        if band is None:
            shape = (rows.stop - rows.start, scale * width, channels)
            band = np.empty(shape, colours.dtype)
        if not bool(values.isfinite().all()):  # finite weights may be too large for their sums
            raise StudyError("the network's answer holds NaN or infinite values")
        seen = values.mean(dim=0, keepdim=True) if channels == 1 else values
        band[:, columns] = to_pixels(seen, white(colours))
        if columns.stop == band.shape[1]:
            settle(band, colours, rows.start // scale, scale, tiles.radius)
            yield band
            band = None


def _with_alpha(bands: Iterator[Pixels], alpha: Pixels, size: tuple[int, int]) -> Iterator[Pixels]:
    top = 0
    for band in bands:
        rows = alpha_rows(alpha, size, top, top + len(band))
        top += len(band)
        yield np.concatenate([band, rows[..., None]], axis=2)


def to_pixels(values: Tensor, largest: int) -> Pixels:
    """(C, H, W) in [0, 1], or about → (H, W, C) whole numbers, as `to_images` does."""
    levels = values.clamp(0, 1).mul(largest).round().permute(1, 2, 0).cpu().numpy()
    return levels.astype(np.uint8 if largest == 255 else np.uint16)
