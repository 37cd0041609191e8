"""Batches: pictures, and the features that a network takes, from the packed arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.augment import turned
from srcore.data.packed import Indices, Pyramids
from srcore.frozen.stored import Features
from srcore.tensors import to_float

SHARE = 0.5
"""Share of a GPU's free memory that the data set may fill; the rest is for the training."""

Rows = NDArray[Any] | Tensor


@dataclass(frozen=True)
class Examples:
    """The arrays of one network's training, memory-mapped, or on the device that has room."""

    low: Rows
    truths: dict[str, Rows]
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
        truths = {output: getattr(pyramids, output) for output in outputs}
        array = features.array if features else None
        arrays = [pyramids.low, *truths.values(), *([array] if array is not None else [])]
        if not _fit(arrays, device):
            return Examples(pyramids.low, truths, array, device)
        return Examples(
            _put(pyramids.low, device),
            {output: _put(truth, device) for output, truth in truths.items()},
            _put(array, device) if array is not None else None,
            device,
        )

    def __len__(self) -> int:
        return len(self.low)

    def take(self, rows: Indices, way: int = 0) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """The network's arguments and the true pictures of some rows, each in [0, 1].

        Pictures are turned to one of the eight ways; stored features are not.
        """
        inputs = [turned(to_float(self._batch(self.low, rows)), way)]
        if self.features is not None:
            inputs.append(self._batch(self.features, rows).float())
        truths = {
            output: turned(to_float(self._batch(truth, rows)), way)
            for output, truth in self.truths.items()
        }
        return tuple(inputs), truths

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
    whole = torch.empty(array.shape, dtype=torch.from_numpy(array[:0]).dtype, device=device)
    for start in range(0, len(array), 256):
        piece = np.ascontiguousarray(array[start : start + 256])
        whole[start : start + 256] = torch.from_numpy(piece).to(device)
    return whole
