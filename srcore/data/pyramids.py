"""Resize every raw image to the sizes of the study, packed as one array a size."""

import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder, write_json
from srcore.common.progress import progress
from srcore.common.tables import write_table
from srcore.data.dataset import COLUMNS, INDEX
from srcore.data.parallel import in_order
from srcore.data.raw import METRICS, RawReader
from srcore.images.decode import decode
from srcore.images.error import ImageError


def build_pyramids(raw: Path, out: Path, sizes: Sequence[int], threads: int) -> None:
    """Write `<size>.npy`, uint8 (N, size, size, 3), for every size, and `index.csv` of the names.

    Every level is resized from the original image, by Pillow's antialiased bicubic, to a square
    whatever the image's shape, as in the original study.

    Raises:
        StudyError: `raw` is missing or damaged.
    """
    with RawReader(raw) as reader, fresh_folder(out) as folder:
        entries = reader.entries

        def levels(index: int) -> list[bytes]:
            entry = entries[index]
            try:
                image = decode(reader.read(index), entry.width * entry.height)
            except ImageError as error:
                raise StudyError(
                    f"{raw}: {entry.name}: {error}; remove {raw} and run `dvc repro`"
                ) from None
            return [square(image, size) for size in sizes]

        with ExitStack() as stack:
            files = [stack.enter_context((folder / f"{size}.npy").open("wb")) for size in sizes]
            for file, size in zip(files, sizes, strict=True):
                file.write(_header(len(entries), size))
            results = in_order(levels, range(len(entries)), threads)
            # Written, not memory-mapped: a full disk is then an error and not a killed process.
            for pixels in progress(results, "resize_pyramids", len(entries), "image"):
                for file, level in zip(files, pixels, strict=True):
                    file.write(level)

        rows = [(e.name, e.group, ";".join(e.labels), e.width, e.height) for e in entries]
        write_table(folder / INDEX, pd.DataFrame(rows, columns=list(COLUMNS)))
        write_json(folder / METRICS, {"images": len(entries), "sizes": list(sizes)})


def square(image: Image.Image, size: int) -> bytes:
    """Resize to `size` x `size` pixels, bicubic with antialiasing; RGB, row by row."""
    return image.resize((size, size), Image.Resampling.BICUBIC).tobytes()


def _header(count: int, size: int) -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    )
    return head.getvalue()
