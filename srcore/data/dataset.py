"""Readers of the packed data set: pyramids, features, and which image is in which part."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from srcore.common.errors import StudyError, reason
from srcore.common.reading import open_regular, read_json
from srcore.common.tables import Columns, again, read_table
from srcore.common.text import LONGEST_NAME, printable

Images = NDArray[np.uint8]
Indices = NDArray[np.int64]

INDEX, SPLIT = "index.csv", "split.json"
PARTS = ("train", "validation", "test")
"""Parts of a data set, in the order in which they are written."""
DIFFICULT = " (difficult)"
"""Ends the label of a class of which an image shows only objects that its annotation calls
difficult: such an image counts neither for nor against the class."""
COLUMNS: Columns = {"name": str, "group": str, "labels": str, "width": str, "height": str}


@dataclass(frozen=True)
class Pyramids:
    """Every image at three sizes, read from disk as they are asked for."""

    sizes: tuple[int, int, int]
    """Side in pixels of low, mid and large."""
    names: tuple[str, ...]
    groups: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    low: Images
    """(N, low, low, 3), RGB, 0 to 255, read-only, memory-mapped; as `mid` and `large`."""
    mid: Images
    large: Images

    @staticmethod
    def open(folder: Path) -> "Pyramids":
        """Open what `srcore.data.pyramids.build_pyramids` wrote.

        Raises:
            StudyError: a file is missing, damaged, or does not fit the others.
        """
        index = read_table(folder / INDEX, COLUMNS, again(folder))
        sizes = sorted(int(file.stem) for file in folder.glob("*.npy") if file.stem.isdecimal())
        if len(sizes) != 3:
            raise StudyError(f"{folder}: holds {len(sizes)} packed sizes, not 3; {again(folder)}")
        low, mid, large = (_load(folder / f"{size}.npy", len(index), size) for size in sizes)
        return Pyramids(
            (sizes[0], sizes[1], sizes[2]),
            tuple(index["name"]),
            tuple(index["group"]),
            tuple(tuple(filter(None, labels.split(";"))) for labels in index["labels"]),
            low,
            mid,
            large,
        )

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Features:
    """Frozen features of every image of a data set.

    Attributes:
        array: (N, ...) float16, memory-mapped.
        label: what the weights are, as it must stand beside every figure made with them.
        fingerprint: SHA-256 of the weights.
    """

    array: NDArray[np.float16]
    label: str
    fingerprint: str

    @staticmethod
    def open(folder: Path) -> "Features":
        """Open what `srcore.features.store.store_features` wrote.

        Raises:
            StudyError: the folder is not whole.
        """
        try:
            array = _mapped(folder / "features.npy")
            metrics = read_json(folder / "metrics.json")
            label, fingerprint = metrics["weights"], metrics["fingerprint"]
            if array.dtype != np.float16 or not isinstance(label, str):
                raise ValueError("not float16, or without a label")
            return Features(array, printable(label, LONGEST_NAME), str(fingerprint))
        except (StudyError, OSError, ValueError, KeyError, TypeError) as error:
            raise StudyError(
                f"{folder}: no whole set of features ({reason(error)}); `dvc repro` makes it"
            ) from None


@dataclass(frozen=True)
class Split:
    """Which images are in which part, as ascending indices.

    Attributes:
        train: what networks learn from.
        validation: what training curves and choices look at.
        test: what nothing looks at before the networks are evaluated; empty when not asked for.
    """

    train: Indices
    validation: Indices
    test: Indices

    @property
    def part(self) -> str:
        """Name of the part that finished networks are evaluated on: test if there is one."""
        return "test" if len(self.test) else "validation"

    @property
    def evaluated(self) -> Indices:
        """The images of that part."""
        return self.test if len(self.test) else self.validation


def read_split(folder: Path, names: Sequence[str]) -> Split:
    """Read the split as indices into `names`.

    Raises:
        StudyError: the file is missing or damaged, or was made for other images.
    """
    path = folder / SPLIT
    try:
        split = cast("dict[str, list[str]]", read_json(path))
        parts = [split[part] for part in PARTS]
        listed = sorted(name for part in parts for name in part)
    except (KeyError, TypeError):
        raise StudyError(f"{path}: damaged; {again(path.parent)}") from None
    if listed != sorted(names):
        raise StudyError(f"{path}: made for other images than these; {again(path.parent)}")
    place = {name: index for index, name in enumerate(names)}
    return Split(*(np.array(sorted(place[name] for name in part), np.int64) for part in parts))


def _load(path: Path, count: int, size: int) -> Images:
    try:
        array = _mapped(path)
    except (OSError, ValueError) as error:
        what = " ".join(str(error).split())
        raise StudyError(f"{path}: damaged ({what}); {again(path.parent)}") from None
    if array.shape != (count, size, size, 3) or array.dtype != np.uint8:
        raise StudyError(
            f"{path}: holds {array.dtype} {array.shape}, not uint8 {(count, size, size, 3)}; "
            f"{again(path.parent)}"
        )
    return array


def _mapped(path: Path) -> NDArray[Any]:
    """An array on disk, memory-mapped.

    Raises:
        ValueError: it is damaged, of objects, or no array.
        OSError: it cannot be read.
    """
    with open_regular(path):  # numpy would wait for a pipe
        pass
    try:
        array: object = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        raise
    except Exception as error:  # noqa: BLE001  # numpy reads the header as a piece of Python
        raise ValueError(reason(error)) from None
    if not isinstance(array, np.ndarray):
        raise ValueError("an archive, not an array")
    return cast("NDArray[Any]", array)
