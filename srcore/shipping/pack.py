"""The training images at their own resolution, shrunk as the field's benchmarks shrink, packed.

It is apart from the reader (`srcore.shipping.originals`), so that a change of what reads images
packs them again, and trains again only where their pixels have changed.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from PIL import Image

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder
from srcore.common.progress import progress
from srcore.common.tables import again, write_table
from srcore.data.dataset import Indices
from srcore.data.parallel import in_order
from srcore.data.raw import RawReader
from srcore.images.decode import decode
from srcore.images.error import ImageError
from srcore.images.matlab import crop_to_multiple, imresize
from srcore.shipping.originals import COLUMNS, DIVISORS, INDEX, Packed

HEADER = 128
"""Bytes before the pixels in a file of numpy's format, version 1."""


def pack_originals(
    raw: Path, rows: Indices, factors: Sequence[float], out: Path, threads: int
) -> None:
    """Write some raw images at several sizes and three resolutions.

    Args:
        raw: folder of the raw images.
        rows: which of them.
        factors: what sides are multiplied by, Pillow's bicubic with antialiasing; 1 leaves an
            image as it is. The half and the quarter are MATLAB's bicubic, of 8 bits.
        out: folder for `whole.npy`, `half.npy`, `quarter.npy` and `index.csv`.
        threads: threads that resize.

    Raises:
        StudyError: `raw` is missing or damaged.
    """
    with RawReader(raw) as reader, fresh_folder(out) as folder, ExitStack() as stack:
        entries = [reader.entries[row] for row in rows]
        files = {n: stack.enter_context((folder / f"{n}.npy").open("w+b")) for n in DIVISORS}
        for file in files.values():
            file.write(bytes(HEADER))

        def sizes(row: int) -> list[dict[str, Packed]]:
            entry = reader.entries[row]
            try:
                image = decode(reader.read(row), entry.width * entry.height)
            except ImageError as error:
                raise StudyError(f"{raw}: {entry.name}: {error}; {again(raw)}") from None
            return [resolutions(_shrunk(image, factor)) for factor in factors]

        lines: list[tuple[str, float, int, int, int]] = []
        offset = 0
        results = in_order(sizes, [int(row) for row in rows], threads)
        for entry, made in zip(
            entries, progress(results, "pack_originals", len(entries), "image"), strict=True
        ):
            for factor, parts in zip(factors, made, strict=True):
                height, width = parts["quarter"].shape[:2]
                lines.append((entry.name, factor, height, width, offset))
                offset += height * width
                for name, file in files.items():
                    file.write(parts[name].tobytes())
        for name, file in files.items():
            _write_header(file, offset * (4 // DIVISORS[name]) ** 2)
        write_table(folder / INDEX, pd.DataFrame(lines, columns=list(COLUMNS)))


def resolutions(image: Packed) -> dict[str, Packed]:
    """(H, W, 3) → itself, cut to multiples of four, a half and a quarter of it."""
    whole = crop_to_multiple(image, 4)
    return {
        name: np.ascontiguousarray(whole if divisor == 1 else imresize(whole, 1 / divisor))
        for name, divisor in DIVISORS.items()
    }


def _shrunk(image: Image.Image, factor: float) -> Packed:
    if factor != 1:
        width, height = (max(4, round(side * factor)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _write_header(file: BinaryIO, pixels: int) -> None:
    """The header is written last, when the number of pixels is known, in the room left for it."""
    file.seek(0)
    header = {"descr": "|u1", "fortran_order": False, "shape": (pixels, 3)}
    np.lib.format.write_array_header_1_0(file, header)
    assert file.tell() == HEADER
