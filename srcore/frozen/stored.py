"""Reading the stored features of a data set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srcore.errors import StudyError, reason
from srcore.files import read_json


@dataclass(frozen=True)
class Features:
    """Frozen features of every picture of a data set.

    Attributes:
        array: (N, ...) half floats, memory-mapped.
        label: what the weights are, as it must stand beside every figure made with them.
        fingerprint: SHA-256 of the weights.
    """

    array: NDArray[np.float16]
    label: str
    fingerprint: str

    @staticmethod
    def open(folder: Path) -> "Features":
        """Open what `srcore.frozen.features.store_features` wrote.

        Raises:
            StudyError: the folder is not whole.
        """
        try:
            array = np.load(folder / "features.npy", mmap_mode="r", allow_pickle=False)
            metrics = read_json(folder / "metrics.json")
            return Features(array, metrics["weights"], metrics["fingerprint"])
        except (StudyError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise StudyError(
                f"{folder}: no whole set of features ({reason(error)}); `dvc repro` makes it"
            ) from None
