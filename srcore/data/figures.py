"""The figures of the data: what `download` and `split` counted, put together."""

from pathlib import Path
from typing import Any

import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.common.tables import again

METRICS = "metrics.json"
SIDES = ("width", "height")


def data_figures(raw: Path, split: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Counts of images, and how large the originals are.

    Args:
        raw: folder that `download` wrote.
        split: folder that `split` wrote.

    Returns:
        The counts of both, and a table: side (width, height), then its least, median and greatest
        length in pixels.

    Raises:
        StudyError: the figures of a folder are missing or damaged.
    """
    counts, parts = (_read(folder) for folder in (raw, split))
    sizes = [counts.pop(side, None) for side in SIDES]
    if not all(isinstance(size, dict) for size in sizes):
        raise _damaged(raw)
    table = [{"side": side, **size} for side, size in zip(SIDES, sizes, strict=True)]
    return counts | parts, pd.DataFrame(table)


def _read(folder: Path) -> dict[str, Any]:
    figures = read_json(folder / METRICS)
    if not isinstance(figures, dict):
        raise _damaged(folder)
    return figures


def _damaged(folder: Path) -> StudyError:
    return StudyError(f"{folder / METRICS}: damaged; {again(folder)}")
