"""Batches: images, and the features that a network takes, from the packed arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.common.tensors import to_float
from srcore.data.dataset import Features, Indices, Pyramids
from srcore.training.augment import dihedral
from srcore.training.crops import Corner, crop, shrink

SHARE = 0.5
"""Share of a GPU's free memory that the data set may fill; the rest is for the training."""

Rows = NDArray[Any] | Tensor


@dataclass(frozen=True)
class Examples:
    """The arrays of one network's training, memory-mapped, or on the device that has room."""

    low: Rows
    targets: dict[str, Rows]
    features: Rows | None
    device: torch.device

    @staticmethod
    def of(
        pyramids: Pyramids,
        features: Features | None,
        outputs: tuple[str, ...],
        device: torch.device,
    ) -> "Examples":
        """The arrays of the outputs asked for, put on a CUDA device if they fit there."""
        targets = {output: getattr(pyramids, output) for output in outputs}
        array = features.array if features else None
        arrays = [pyramids.low, *targets.values(), *([array] if array is not None else [])]
        if not _fit(arrays, device):
            return Examples(pyramids.low, targets, array, device)
        return Examples(
            _put(pyramids.low, device),
            {output: _put(target, device) for output, target in targets.items()},
            _put(array, device) if array is not None else None,
            device,
        )

    def __len__(self) -> int:
        return len(self.low)

    @property
    def scale(self) -> int:
        """How many times as large as the low resolution the largest target is."""
        return max(target.shape[1] for target in self.targets.values()) // self.low.shape[1]

    def take(
        self, rows: Indices, transform: int = 0, corner: Corner | None = None
    ) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """The network's arguments and the targets of some rows, each in [0, 1].

        Args:
            rows: which images.
            transform: one of the eight dihedral transforms of the images; stored features stay as
                they are.
            corner: where to cut the largest target, of which all other images are then made; None
                for whole images as they are stored.

        Returns:
            The input (N, 3, H, W), with the features after it if there are any, and each output's
            target (N, 3, s·H, s·W).
        """
        if corner is None:
            low = self._batch(self.low, rows)
            targets = {name: self._batch(target, rows) for name, target in self.targets.items()}
        else:
            low, targets = self._cropped(rows, corner)
        inputs = [dihedral(to_float(low), transform)]
        if self.features is not None:
            inputs.append(self._batch(self.features, rows).float())
        return tuple(inputs), {
            name: dihedral(to_float(target), transform) for name, target in targets.items()
        }

    def _cropped(self, rows: Indices, corner: Corner) -> tuple[Tensor, dict[str, Tensor]]:
        sides = {name: target.shape[1] for name, target in self.targets.items()}
        largest = max(sides, key=sides.__getitem__)
        large = crop(self._batch(self.targets[largest], rows), corner, self.scale)
        targets = {
            name: large if name == largest else shrink(large, sides[largest] // side)
            for name, side in sides.items()
        }
        return shrink(large, self.scale), targets

    def _batch(self, array: Rows, rows: Indices) -> Tensor:
        if isinstance(array, Tensor):
            return array[torch.from_numpy(rows).to(array.device)]
        return torch.from_numpy(array[rows]).to(self.device)


def _fit(arrays: list[NDArray[Any]], device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return sum(array.nbytes for array in arrays) <= SHARE * free


def _put(array: NDArray[Any], device: torch.device) -> Tensor:
    """Copy to the device piece by piece, so that main memory never holds the whole array."""
    whole = torch.empty(
        array.shape, dtype=torch.from_numpy(np.empty(0, array.dtype)).dtype, device=device
    )
    for start in range(0, len(array), 256):
        piece = np.array(array[start : start + 256])  # of a file that cannot be written
        whole[start : start + 256] = torch.from_numpy(piece).to(device)
    return whole
