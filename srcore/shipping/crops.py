"""Random crops of the packed originals, as inputs and targets, drawn by a plan."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.models.scales import OUTPUTS
from srcore.shipping.originals import Originals
from srcore.training.augment import DIHEDRAL

Plan = NDArray[np.int64]
"""(..., 4) int64: line of `Originals.places`, top row and left column of the input crop, and one
of the eight symmetries, coded as three bits: swap axes, flip rows, flip columns."""

INPUTS = {"mid": "half", "large": "quarter"}
"""Output → the resolution that it enlarges to the whole image."""
TARGETS = {2: "half", 1: "whole"}
"""Divisor → resolution of a target."""


@dataclass(frozen=True)
class Crops:
    """Draws crops of one side in pixels of the input; arrays are where the network is.

    Attributes:
        side: side of an input in pixels.
    """

    side: int
    _places: Tensor
    _pixels: Mapping[str, Tensor]
    _probabilities: Mapping[str, NDArray[np.float64]]
    _room: Mapping[str, NDArray[np.int64]]

    @staticmethod
    def of(originals: Originals, side: int, device: torch.device) -> "Crops":
        """Make the crops of originals ready on a device.

        Raises:
            StudyError: no image is large enough.
        """
        probabilities: dict[str, NDArray[np.float64]] = {}
        room: dict[str, NDArray[np.int64]] = {}
        for output, scale in OUTPUTS.items():
            sides = originals.places[:, :2] * (4 // scale)
            fits = (sides >= side).all(axis=1)
            if not fits.any():
                raise StudyError(
                    f"shipped.crop = {side}: no image has {scale * side} pixels on each side; "
                    "make it smaller, or take larger images"
                )
            # By side, not by area: a large image has more to show, though not in proportion.
            weights = np.where(fits, np.sqrt(sides.prod(axis=1)), 0.0)
            probabilities[output] = weights / weights.sum()
            room[output] = np.maximum(sides - side + 1, 1)
        return Crops(
            side,
            torch.from_numpy(originals.places).to(device),
            {name: torch.from_numpy(array).to(device) for name, array in originals.pixels.items()},
            probabilities,
            room,
        )

    def draw(self, rng: np.random.Generator, output: str, shape: tuple[int, ...]) -> Plan:
        """Choose crops to be enlarged to `output` (mid or large): (*shape, 4).

        The probability of an image goes with the root of its area; all places in it are as likely.
        """
        lines = rng.choice(len(self._places), size=shape, p=self._probabilities[output])
        corners = (rng.random((*shape, 2)) * self._room[output][lines]).astype(np.int64)
        symmetries = rng.integers(DIHEDRAL, size=(*shape, 1))
        return np.concatenate([lines[..., None], corners, symmetries], axis=-1)

    def take(self, plan: Tensor, output: str) -> tuple[Tensor, dict[str, Tensor]]:
        """The crops of a plan (N, 4) that lies on the device.

        Args:
            plan: what `draw` gave.
            output: as it was drawn for.

        Returns:
            Input (N, 3, S, S) and, for every output up to `output`, its target; in [0, 1].
        """
        scale = OUTPUTS[output]
        low = self._cut(INPUTS[output], plan, scale, 1)
        targets = {
            name: self._cut(TARGETS[scale // enlarged], plan, scale, enlarged)
            for name, enlarged in OUTPUTS.items()
            if enlarged <= scale
        }
        return low, targets

    def _cut(self, resolution: str, plan: Tensor, divisor: int, enlarged: int) -> Tensor:
        """Crops of a resolution; the input's is `divisor` times as coarse as the whole image."""
        side = self.side * enlarged
        lines, top, left, symmetry = plan.unbind(1)
        _, width, offset = self._places.index_select(0, lines).unbind(1)
        finer = 4 // divisor * enlarged
        ahead = torch.arange(side, device=plan.device)
        rows = ahead[None, :, None].expand(len(plan), side, side)
        columns = rows.mT
        swapped, flipped_rows, flipped_columns = (
            ((symmetry >> bit) & 1).bool()[:, None, None] for bit in range(3)
        )
        y, x = torch.where(swapped, columns, rows), torch.where(swapped, rows, columns)
        y = torch.where(flipped_rows, side - 1 - y, y) + enlarged * top[:, None, None]
        x = torch.where(flipped_columns, side - 1 - x, x) + enlarged * left[:, None, None]
        index = (finer**2 * offset)[:, None, None] + y * (finer * width)[:, None, None] + x
        pixels = self._pixels[resolution].index_select(0, index.reshape(-1))
        return pixels.view(len(plan), side, side, 3).permute(0, 3, 1, 2).float().div_(255)
