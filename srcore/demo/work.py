"""One image enlarged as `srcore upscale` does, and judged if it was shrunk before."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.common.tensors import to_tensor
from srcore.images.decode import decode
from srcore.images.error import ImageError
from srcore.images.read import MAX_PIXELS, look, read
from srcore.images.write import save
from srcore.inference.baselines import BASELINE, upscale
from srcore.inference.network import Network
from srcore.metrics.ssim import RADIUS
from srcore.metrics.table import HEADLINE, METRICS, measure
from srcore.upscale.enlarge import enlarge_rows, output_for
from srcore.upscale.plan import plan
from srcore.upscale.size import Size

MOST = 64_000_000
"""Pixels that are made at most: a browser must show them, twice."""
MOST_SHRUNK = 12_000_000
"""Pixels of an image that is shrunk first: the SSIM takes about 180 bytes for each."""
WINDOW = 2 * RADIUS + 1
"""Side of the window of the SSIM, in pixels."""

OnTile = Callable[[int, int], None]
"""Called after each tile with the tiles done and their total; what it raises ends the work."""


@dataclass(frozen=True)
class Made:
    """What became of an image.

    Attributes:
        path: the file, as `srcore upscale` writes it.
        bicubic: the same enlarged by Pillow's bicubic filter, (H, W, 3).
        network: the file as 8-bit RGB on a white ground, (H, W, 3).
        seconds: that reading, the network and writing took.
        figures: lines of figures beside the image before it was shrunk; none otherwise.
        notes: what did not come out as it went in.
    """

    path: Path
    bicubic: NDArray[np.uint8]
    network: NDArray[np.uint8]
    seconds: float
    figures: tuple[str, ...]
    notes: tuple[str, ...]


def enlarge_file(
    source: Path,
    folder: Path,
    network: Network,
    scale: int,
    *,
    shrink: bool = False,
    on_tile: OnTile | None = None,
) -> Made:
    """Enlarge an image's file.

    Args:
        source: the file.
        folder: where the outcome is written.
        network: what enlarges; see `Network.ensemble`.
        scale: both sides so many times.
        shrink: whether the image is first shrunk by as much, antialiased, as the study does.
        on_tile: see `OnTile`.

    Raises:
        StudyError: not an image, damaged, too large, or more than the network makes.
    """
    output_for(network, scale)
    try:
        _refuse_large(source, scale, shrink=shrink)
        if not shrink:
            return _enlarged(source, folder, network, scale, on_tile)
        target = cropped(decode(source.read_bytes(), MAX_PIXELS), scale)
        small = folder / f"{source.stem}.small.png"
        size = target.shape[1] // scale, target.shape[0] // scale
        Image.fromarray(target).resize(size, Image.Resampling.BICUBIC).save(small)
        try:
            made = _enlarged(small, folder, network, scale, on_tile)
        finally:
            small.unlink()
    except ImageError as error:
        raise StudyError(f"{source.name}: {error}") from None
    figures = judged(made.bicubic, made.network, target)
    return Made(made.path, made.bicubic, made.network, made.seconds, figures, made.notes)


def cropped(image: Image.Image, scale: int) -> NDArray[np.uint8]:
    """An image whose sides are multiples of `scale`, (H, W, 3); the rest is left out.

    Raises:
        ImageError: too small for the window of the SSIM.
    """
    width, height = (side - side % scale for side in image.size)
    if min(width, height) < WINDOW * scale:
        raise ImageError(f"{image.width} × {image.height} pixels are too few to shrink")
    return np.array(image.crop((0, 0, width, height)))


def judged(
    bicubic: NDArray[np.uint8], network: NDArray[np.uint8], target: NDArray[np.uint8]
) -> tuple[str, ...]:
    """A line for each method and one of the gain, from 8-bit RGB (H, W, 3) as in the study."""
    figures = {
        name: {
            key: values.item()
            for key, values in measure(to_tensor(made[None]), to_tensor(target[None])).items()
        }
        for name, made in ((BASELINE, bicubic), ("network", network))
    }
    lines = [
        f"{name}: {', '.join(METRICS[key].text(value) for key, value in found.items())}"
        for name, found in figures.items()
    ]
    metric = METRICS[HEADLINE]
    gain = figures["network"][HEADLINE] - figures[BASELINE][HEADLINE]
    return (*lines, f"gain over {BASELINE}: {gain:+.{metric.digits}f} {metric.unit}")


def _refuse_large(source: Path, scale: int, *, shrink: bool) -> None:
    """Refuse an image of which too many pixels would be made, or measured.

    Raises:
        ImageError: it is, or it is no image.
    """
    width, height = look(source).size
    if shrink and width * height > MOST_SHRUNK:
        raise ImageError(
            f"{width} × {height} pixels are too many to measure; give an image of at most "
            f"{MOST_SHRUNK / 1e6:.0f} megapixels, or do not shrink it first"
        )
    if not shrink and width * height * scale * scale > MOST:
        raise ImageError(
            f"{width} × {height} pixels would become {width * height * scale**2 / 1e6:.0f} "
            f"megapixels, and this page makes {MOST / 1e6:.0f} at most; give a smaller image, or "
            "use `srcore upscale`"
        )


def _enlarged(
    source: Path, folder: Path, network: Network, scale: int, on_tile: OnTile | None
) -> Made:
    """The steps of `srcore upscale` for one image.

    Raises:
        StudyError: the image cannot be read or written.
    """
    start = time.perf_counter()
    found = plan([source], folder, Size(float(scale)), overwrite=True)
    for path, why in found.failed:
        raise StudyError(f"{path.name}: {why}")
    (job,) = found.jobs

    def watch(
        tiles: Iterable[tuple[slice, slice, Tensor]], total: int
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        for done, tile in enumerate(tiles, 1):
            if on_tile is not None:
                on_tile(done, total)
            yield tile

    device: torch.device = next(network.model.parameters()).device
    rows = enlarge_rows(network, read(source), job.size, device, watch=watch)
    save(rows, job.target, job.kind)
    seconds = time.perf_counter() - start
    low = np.asarray(decode(source.read_bytes(), MAX_PIXELS))
    bicubic = upscale(low[None], BASELINE, scale)[0]
    made = np.array(decode(job.target.read_bytes(), MAX_PIXELS))
    return Made(job.target, bicubic, made, seconds, (), job.notes)
