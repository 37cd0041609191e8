"""A figure measured in pixels, on which sheets of images are drawn without smoothing."""

import warnings
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from srcore.common.files import atomic
from srcore.images.detail import Detail

DPI = 100
LINE = 1.35
"""Height of a line over the size of its text."""
INK, FAINT, MARK = "#1a1a1a", "#5f6368", "#ffd400"
FRAME = 6
"""Thickness in pixels of the frames: yellow within black, seen on any image."""


class Canvas:
    """A figure measured in pixels from its top left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)

    def text(
        self,
        left: float,
        top: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        bold: bool = False,
        widest: float | None = None,
    ) -> float:
        """Write text with its top left corner there; gives the top of what may follow."""
        if widest and len(text) > (fits := int(widest / (0.62 * size))):
            text = f"{text[: fits - 1]}…"
        self.figure.text(
            left / self.width,
            1 - top / self.height,
            text,
            fontsize=size * 72 / DPI,
            fontweight="bold" if bold else "normal",
            color=colour,
            va="top",
            parse_math=False,  # a $ in a name is a $
        )
        return top + LINE * size * (text.count("\n") + 1 if text else 0)

    def image(
        self,
        left: float,
        top: float,
        cell: int,
        image: NDArray[np.uint8],
        *,
        detail: Detail | None = None,
        scale: int = 1,
    ) -> None:
        """Draw an image into a square cell, a frame around its detail or around all of it.

        The image is `scale` times as large as the one that the detail is given for.
        """
        axes = self.figure.add_axes(self._box(left, top, cell, cell))
        axes.imshow(image, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        corner, side = (0.0, 0.0), float(len(image))
        if detail is not None:
            corner, side = (scale * detail.left, scale * detail.top), scale * detail.size
        pad = FRAME / 2 * len(image) / cell  # the frame lies outside of what it frames
        for colour, thick in (("black", FRAME), (MARK, FRAME / 2)):
            frame = Rectangle(
                (corner[0] - 0.5 - pad, corner[1] - 0.5 - pad),  # pixels' centres are whole
                side + 2 * pad,
                side + 2 * pad,
                fill=False,
                edgecolor=colour,
                linewidth=thick * 72 / DPI,
                clip_on=False,
            )
            axes.add_patch(frame)

    def colour_bar(
        self, left: float, top: float, width: float, size: float, colours: ScalarMappable
    ) -> None:
        """Draw a level bar of that height, and its ticks below in text of the same size."""
        axes = self.figure.add_axes(self._box(left, top, width, size))
        bar = self.figure.colorbar(colours, cax=axes, orientation="horizontal", extend="max")
        bar.ax.tick_params(labelsize=size * 72 / DPI, colors=FAINT)

    def _box(
        self, left: float, top: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        bottom = self.height - top - height
        return left / self.width, bottom / self.height, width / self.width, height / self.height

    def save(self, path: Path) -> None:
        """Write PNG whose bytes depend on the image alone, not on time or version."""
        with atomic(path) as partial, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a box for it will do
            self.figure.savefig(partial, format="png", metadata={"Software": None})
