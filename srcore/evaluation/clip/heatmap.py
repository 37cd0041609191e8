"""Heat maps with the images themselves along the sides."""

import textwrap
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

from srcore.common.files import atomic
from srcore.data.dataset import Images
from srcore.evaluation.clip.fonts import DEFAULT, families_for
from srcore.evaluation.clip.matrix import Matrix

CELL = 0.62
"""Inches of a cell, and of a thumbnail."""
DPI = 120
WIDEST = 40
"""Descriptions drawn; the csv holds all."""
COLOURS = mpl.colormaps["YlGnBu"]
LINE, LINES = 32, 3
"""Letters of a line, and lines, of a sentence; longer ones end in an ellipsis."""
FONT = 8.5
"""Points of a letter; three slanted lines fit into a column."""
LEADING = FONT * 1.2 / 72 / CELL
"""Height of a line, in cells."""
NAME = 24
"""Letters of an image's name."""
GAP = 0.12
"""Between a thumbnail and the cells, in cells."""


@style.context("default")
def draw_descriptions(matrix: Matrix, thumbnails: Images, path: Path) -> None:
    """Draw images × descriptions: thumbnails along the side, sentences along the top.

    The best description of an image is framed. A sentence that no font of this machine can show
    is named by its number, as in the csv; equal data give equal bytes.
    """
    values = matrix.cosines[:, :WIDEST]
    rows, columns = values.shape
    figure, axes = _canvas(rows, columns, top=0)
    _cells(axes, values, values)
    _side(axes, matrix, thumbnails)
    texts = matrix.texts[:columns]
    labels = [_sentence(axes, column, text) for column, text in enumerate(texts)]
    for row, best in enumerate(matrix.cosines.argmax(axis=1)):
        if best < columns:
            frame = Rectangle((best, row), 1, 1, fill=False, edgecolor="#d55e00", linewidth=2)
            axes.add_patch(frame)
    title = [f"CLIP cosines of {matrix.part} images and descriptions", matrix.weights]
    if len(matrix.texts) > columns:
        title.append(f"the first {columns} of {len(matrix.texts)}; all are in clip_matrix.csv")
    if not all(map(families_for, texts)):
        title.append("no font here shows the numbered sentences; read them in clip_matrix.csv")
    renderer = FigureCanvasAgg(figure).get_renderer()
    ends = [label.get_window_extent(renderer).y1 for label in labels]
    _finish(figure, axes, title, axes.transData.inverted().transform((0, max(ends)))[1], path)


def _sentence(axes: Axes, column: int, text: str) -> Text:
    families = families_for(text)
    lines = textwrap.wrap(text, LINE, max_lines=LINES, placeholder=" …")
    if families is None:
        lines = [f"sentence {column + 1}"]
    return axes.text(
        column + 0.5,
        -GAP - len(lines) * 0.5 * LEADING * 0.71,  # the lower corner of the slanted block
        "\n".join(lines),
        rotation=45,
        rotation_mode="anchor",
        family=families or DEFAULT,
        fontsize=FONT,
        va="center",
        parse_math=False,  # a $ is a $
    )


@style.context("default")
def draw_images(matrix: Matrix, thumbnails: Images, path: Path) -> None:
    """Draw images × images, with thumbnails along the side and the top."""
    count = len(matrix.names)
    figure, axes = _canvas(count, count, top=1 + GAP)
    others = matrix.images[~np.eye(count, dtype=bool)]  # all are 1 on the diagonal
    _cells(axes, matrix.images, others if len(others) else matrix.images)
    _side(axes, matrix, thumbnails)
    for column, thumbnail in enumerate(thumbnails):
        _thumbnail(axes, thumbnail, column, -1 - GAP)
    title = [f"CLIP cosines of {matrix.part} images", matrix.weights]
    _finish(figure, axes, title, -1 - GAP, path)


def _canvas(rows: int, columns: int, top: float) -> tuple[Figure, Axes]:
    """Axes in cells: the first cell's upper left corner is (0, 0), y grows downwards."""
    left = 1 + GAP
    width, height = columns + left, rows + top
    figure = Figure(figsize=(width * CELL, height * CELL), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-left, columns)
    axes.set_ylim(rows, -top)
    axes.set_autoscale_on(False)
    return figure, axes


def _cells(axes: Axes, values: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
    rows, columns = values.shape
    span = max(float(np.ptp(scale)), 1e-6)
    shares = ((values - scale.min()) / span).clip(0, 1)
    axes.imshow(COLOURS(shares), extent=(0, columns, rows, 0), aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        axes.text(
            column + 0.5,
            row + 0.5,
            _short(float(values[row, column])),
            color="white" if share > 0.55 else "black",
            fontsize=8,
            ha="center",
            va="center",
        )


def _short(value: float) -> str:
    text = f"{value:.2f}".replace("-", "−")
    return "0.00" if text == "−0.00" else text


def _side(axes: Axes, matrix: Matrix, thumbnails: Images) -> None:
    for row, (name, thumbnail) in enumerate(zip(matrix.names, thumbnails, strict=True)):
        _thumbnail(axes, thumbnail, -1 - GAP, row)
        families = families_for(name)
        shown = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
        axes.text(
            -1 - 2 * GAP,
            row + 0.5,
            shown if families else f"image {row + 1}",
            family=families or DEFAULT,
            fontsize=8,
            ha="right",
            va="center",
            parse_math=False,
        )


def _thumbnail(axes: Axes, image: NDArray[np.uint8], left: float, top: float) -> None:
    edge = 0.03
    extent = (left + edge, left + 1 - edge, top + 1 - edge, top + edge)
    axes.imshow(image, extent=extent, aspect="auto", interpolation="antialiased")


def _finish(figure: Figure, axes: Axes, title: list[str], top: float, path: Path) -> None:
    axes.text(-1 - GAP, top - 0.3, "\n".join(title), fontsize=11, va="bottom", parse_math=False)
    with atomic(path) as partial:
        figure.savefig(
            partial, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": None}
        )
