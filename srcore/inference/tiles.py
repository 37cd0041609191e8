"""A network on an image of any size, in bounded memory: overlapping tiles, equal to the whole.

A tile is cut out with as many pixels around it as the network sees, and only its middle is kept.
At the border of the image its outermost pixels are repeated outwards, so that the zeros that a
network pads with are never seen: a constant image stays constant to its border. (Training and the
study's evaluation give the network the bare image.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from srcore.images.raster import Pixels, white
from srcore.inference.network import Network
from srcore.models.scales import OUTPUTS

TILE = 300
"""Pixels of the low-resolution image.

The most demanding network (`dilated`, ×4) takes 0.3 GB for such a tile, and 0.6 GB for the largest
that `spans` makes of an image, whose sides are up to half as long again.

Tiles overlap by twice what a network sees, 50 pixels of `subpixel`'s. On a photograph of 1200 × 800
that is 36 % of the work with tiles of 192 pixels, 28 % with these and 21 % with tiles of 400. But
with 400, the largest tensors of `subpixel` have more than 32 MB. glibc takes such tensors from the
system anew each time, and on a Xeon that cost more than the overlap.
"""
ROW = 4_000_000
"""Pixels of a row of tiles, at most but for very wide images: a row's outputs are held together."""
LEAST = 16
"""Pixels that a tile of a very wide image is high."""


@dataclass(frozen=True)
class Span:
    """A tile along one side of the image, in pixels of the low-resolution image.

    Attributes:
        start: first pixel of what is kept.
        stop: end of what is kept.
        first: first pixel of what the network is given.
        last: end of what the network is given.
    """

    start: int
    stop: int
    first: int
    last: int

    def inside(self, scale: int) -> slice:
        """What is kept of the tile's output at that scale."""
        return slice(scale * (self.start - self.first), scale * (self.stop - self.first))


def spans(length: int, tile: int, radius: int, multiple_of: int) -> list[Span]:
    """Cut a side of `length` pixels into tiles of about `tile`, all multiples of `multiple_of`.

    Tiles are of nearly equal length, so that the last is no sliver. Those at the ends are given
    pixels beyond them: `first` may be negative, and `last` more than `length`.
    """
    overlap = multiple_of * -(-radius // multiple_of)
    count = max(1, round(length / tile))
    step = multiple_of * max(1, -(-length // (count * multiple_of)))
    return [
        Span(start, stop, start - overlap, stop + overlap)
        for start in range(0, length, step)
        for stop in (min(start + step, length),)
    ]


class Tiles:
    """The tiles of one image, and what a network makes of them.

    Args:
        network: the network; of a frozen extractor, the features are computed tile by tile, or,
            when they are of the image as a whole, once.
        pixels: (H, W, 3).
        tile: about the side of a tile in pixels.
        device: where the network is.
    """

    def __init__(self, network: Network, pixels: Pixels, tile: int, device: torch.device) -> None:
        model = network.model
        height, width = pixels.shape[:2]
        # A feature of VGG16 stands for 2×2 pixels: of an odd side, the last pixel is repeated, so
        # that features lie upon their pixels as they did in training.
        ragged = [-side % model.multiple_of for side in (height, width)]
        self._pixels = pixels
        self._network, self._device = network, device
        high = min(tile, max(LEAST, ROW // width))
        self._rows, self._columns = (
            spans(side + more, about, model.receptive_radius, model.multiple_of)
            for side, more, about in zip((height, width), ragged, (high, tile), strict=True)
        )
        self._shape = height, width
        self.radius = model.receptive_radius
        """How far the network sees, in pixels of the image."""

    def __len__(self) -> int:
        return len(self._rows) * len(self._columns)

    @torch.inference_mode()
    def outputs(self, output: str) -> Iterator[tuple[slice, slice, Tensor]]:
        """Run the network on each tile.

        Args:
            output: name of the output to keep, one of the model's.

        Yields:
            Rows and columns of the output image, and what belongs there, (3, rows, columns),
            about [0, 1], on the network's device.
        """
        scale = OUTPUTS[output]
        height, width = (scale * side for side in self._shape)
        # Of the image as a whole, without what is put around it.
        features = (
            self._network.global_features(self._tensor(self._pixels))
            if self._network.model.global_features
            else None
        )
        for row in self._rows:
            for column in self._columns:
                made = self._run(output, self._cut(row, column), features)
                made = made[0, :, row.inside(scale)]
                made = made[..., column.inside(scale)]
                top, left = scale * row.start, scale * column.start
                made = made[:, : height - top, : width - left]
                yield (
                    slice(top, top + made.shape[1]),
                    slice(left, left + made.shape[2]),
                    made,
                )

    def _cut(self, row: Span, column: Span) -> Pixels:
        """The pixels that the network is given, the outermost of the image repeated beyond it."""
        sides = list(zip((row, column), self._shape, strict=True))
        top, left = (max(0, span.first) for span, _ in sides)
        bottom, right = (min(side, span.last) for span, side in sides)
        beyond = [(max(0, -span.first), max(0, span.last - side)) for span, side in sides]
        return np.pad(self._pixels[top:bottom, left:right], [*beyond, (0, 0)], mode="edge")

    def _run(self, output: str, low: Pixels, features: Tensor | None) -> Tensor:
        return self._network.forward_output(output, self._tensor(low), features)

    def _tensor(self, pixels: Pixels) -> Tensor:
        """(H, W, 3) → (1, 3, H, W) in [0, 1], in channels-last memory order."""
        values = torch.from_numpy(np.ascontiguousarray(pixels)).float()
        return values.to(self._device)[None].permute(0, 3, 1, 2).div_(white(pixels))
