"""Reader of the packed originals, which `srcore.shipping.pack` writes.

Every image is taken at several sizes, and each size at three resolutions: as it is, a half and a
quarter. Pixels of all lie one after another in three flat arrays, so that a crop is a matter of
arithmetic, on disk as on a GPU.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srcore.common.errors import StudyError, reason
from srcore.common.reading import open_regular
from srcore.common.tables import Columns, again, read_table

DIVISORS = {"whole": 1, "half": 2, "quarter": 4}
"""Name of a resolution → what sides are divided by."""
INDEX = "index.csv"
COLUMNS: Columns = {"name": str, "factor": float, "height": float, "width": float, "offset": float}

Packed = NDArray[np.uint8]


@dataclass(frozen=True)
class Originals:
    """The packed images.

    Attributes:
        places: (E, 3) int64, one row per image and size: height and width of the quarter, and the
            number of quarter pixels before it. At divisor d sides are 4/d times and offsets
            (4/d)² times as much.
        pixels: name of a resolution → (pixels, 3) uint8, memory-mapped.
        images: how many images they are made of.
    """

    places: NDArray[np.int64]
    pixels: dict[str, Packed]
    images: int

    @staticmethod
    def open(folder: Path) -> "Originals":
        """Open what `pack_originals` wrote.

        Raises:
            StudyError: a file is missing, damaged, or does not fit the others.
        """
        index = read_table(folder / INDEX, COLUMNS, again(folder))
        places = index[["height", "width", "offset"]].to_numpy(np.int64)
        total = int((places[:, 0] * places[:, 1]).sum())
        pixels: dict[str, Packed] = {}
        for name, divisor in DIVISORS.items():
            path = folder / f"{name}.npy"
            try:
                with open_regular(path):  # numpy would wait for a pipe
                    pass
                # "c": torch asks for arrays that it might write to
                pixels[name] = np.load(path, mmap_mode="c", allow_pickle=False)
            except Exception as error:  # noqa: BLE001  numpy reads the header as a piece of Python
                what = " ".join(reason(error).split())
                raise StudyError(f"{path}: damaged ({what}); {again(folder)}") from None
            shape = (total * (4 // divisor) ** 2, 3)
            if pixels[name].shape != shape or pixels[name].dtype != np.uint8:
                raise StudyError(f"{path}: does not fit {INDEX}; {again(folder)}")
        return Originals(places, pixels, index["name"].nunique())
