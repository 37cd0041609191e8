"""Held-out PSNR of the original study's networks after every epoch, as one drawing."""

from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from srcore.common.files import atomic
from srcore.ideas.runs import Runs
from srcore.models.scales import OUTPUTS

SEED, MEAN = "#a9c1de", "#2b5c94"
"""Colours of the curve of a seed, and of their mean."""
REFERENCES = {"linear": "#1b7837", "bicubic": "#888888"}
"""What a network is compared with → the colour of its line."""
SHOWN_BELOW = 0.6
"""dB below bicubic at which the axis ends: the first epochs lie far below it."""
INCHES, DPI = (2.1, 2.3), 130
"""Width and height of the drawing of one network at one size."""


def draw_curves(runs: Runs, note: str, path: Path) -> None:
    """Draw a row for each output and a column for each network, to a PNG file.

    Args:
        runs: the record of the experiment.
        note: a line below.
        path: the file.
    """
    names = list(dict.fromkeys(runs.curves["experiment"]))
    with style.context("default"):
        size = (INCHES[0] * max(len(names), 2), INCHES[1] * len(OUTPUTS))
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        grid = figure.subplots(
            len(OUTPUTS), max(len(names), 1), sharex=True, sharey="row", squeeze=False
        )
        for row, (output, scale) in zip(grid, OUTPUTS.items(), strict=True):
            row[0].set_ylabel(f"×{scale}: PSNR, dB")
            bicubic = float(runs.reference("bicubic", output).mean())
            for axes, name in zip(row, names, strict=False):
                _network(axes, runs, str(name), output)
            row[0].set_ylim(bottom=bicubic - SHOWN_BELOW)
        for axes, name in zip(grid[0], names, strict=False):
            axes.set_title(str(name).removeprefix("report."), fontsize=11)
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
        figure.legend(handles=_legend(), loc="outside upper center", ncols=4)
        figure.supxlabel(note, fontsize=9)
        with atomic(path) as partial:
            figure.savefig(partial, format="png", metadata={"Software": None})


def _network(axes: Axes, runs: Runs, name: str, output: str) -> None:
    """The seeds of one network, their mean, and the references; a note where it has no output."""
    table = runs.curves
    part = table[(table["experiment"] == name) & (table["output"] == output)]
    axes.grid(axis="y", color="#eeeeee")
    if part.empty:
        axes.text(0.5, 0.5, "no output\nof this size", ha="center", transform=axes.transAxes)
        return
    for reference, colour in REFERENCES.items():
        level = float(runs.reference(reference, output).mean())
        axes.axhline(level, color=colour, linestyle="--", linewidth=1.2)
    curves = part.pivot(index="epoch", columns="seed", values="psnr")
    axes.plot(curves.index, curves, color=SEED, linewidth=0.8)
    axes.plot(curves.index, np.asarray(curves.mean(axis=1)), color=MEAN, linewidth=1.6)


def _legend() -> list[Line2D]:
    curves = [(SEED, "one seed"), (MEAN, "mean of the seeds")]
    return [
        *(Line2D([], [], color=colour, label=label) for colour, label in curves),
        *(Line2D([], [], color=c, linestyle="--", label=name) for name, c in REFERENCES.items()),
    ]
