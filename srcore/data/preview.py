"""A sheet of sample images at every size, by which a person checks the preparation."""

import warnings
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from srcore.common.files import atomic
from srcore.data.dataset import Indices, Pyramids, Split

DPI = 100
LEFT, TOP, GAP = 24, 40, 8
"""Pixels for the labels and between the images."""

WIDEST_CELL = 384
"""Pixels; larger images are not drawn pixel by pixel."""

WIDEST_NAME = 30


@style.context("default")
def sample_sheet(pyramids: Pyramids, split: Split, path: Path, count: int = 6) -> None:
    """Draw images as columns and sizes as rows, as PNG; equal data give equal bytes.

    About half of the images are ones by which networks are evaluated, evenly spaced over the data
    set. All sizes are drawn equally large and unsmoothed, so that one sees the very pixels that a
    network sees.
    """
    held = _spaced(split.evaluated, count // 2)
    chosen = [*_spaced(split.train, count - len(held)), *held]
    levels = (pyramids.low, pyramids.mid, pyramids.large)
    cell = max(pyramids.sizes[0], min(pyramids.sizes[2], WIDEST_CELL))
    width = LEFT + len(chosen) * (cell + GAP)
    height = TOP + 3 * (cell + GAP)
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    for column, index in enumerate(chosen):
        left = LEFT + column * (cell + GAP)
        side = split.part if column >= len(chosen) - len(held) else "training"
        figure.text(
            (left + cell / 2) / width,
            1 - TOP / 2 / height,
            f"{_short(pyramids.names[index])}\n{side}",
            ha="center",
            va="center",
            parse_math=False,  # a $ in a name is a $
        )
        for row, level in enumerate(levels):
            bottom = height - TOP - row * (cell + GAP) - cell
            box = (left / width, bottom / height, cell / width, cell / height)
            axes = figure.add_axes(box, xticks=[], yticks=[], frame_on=False)
            axes.imshow(level[index], interpolation="nearest", aspect="auto")
            if column == 0:
                axes.set_ylabel(f"{pyramids.sizes[row]} × {pyramids.sizes[row]}")
    with atomic(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a box for it will do
        figure.savefig(partial, format="png", metadata={"Software": None})


def _spaced(indices: Indices, count: int) -> list[int]:
    places = np.linspace(0, len(indices) - 1, min(count, len(indices))).round().astype(int)
    return [int(indices[place]) for place in places]


def _short(name: str) -> str:
    half = WIDEST_NAME // 2
    return name if len(name) <= WIDEST_NAME else f"{name[:half]}…{name[-half + 1 :]}"
