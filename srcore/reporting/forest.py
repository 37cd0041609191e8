"""What each idea is worth, as one drawing: a forest plot of the contrasts, and the gains below."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from srcore.common.files import atomic
from srcore.features.labels import RANDOM
from srcore.ideas.contrasts import LINEAR
from srcore.ideas.names import HEADS, INTERACTION
from srcore.models.scales import OUTPUTS

COLOURS = {HEADS[0]: "#4c78a8", HEADS[1]: "#d95f02", "": "#222222"}
"""Head → its colour; black for what is no network of the grid."""
SHADE = "#e6e6e6"
STEP = 0.22
"""Distance of the two heads' marks within a row, whose height is 1."""
INCHES_PER_ROW, WIDTH, DPI = 0.29, 10.5, 130
COLLAPSED = "mean with collapsed trainings (number): no interval, no verdict"
COLLAPSED_COLOUR = "#f0b48a"
NOTE, TITLE = 120, 10.5
"""Letters in a line of the note; size of a title."""
SLACK = 0.12
"""Room beside the longest interval, as a share of the axis."""


def draw_ideas(contrasts: pd.DataFrame, gains: pd.DataFrame, note: str, path: Path) -> None:
    """Draw contrasts and gains, one column an output, to a PNG file.

    Args:
        contrasts: what `srcore.ideas.contrasts.contrasts` gave.
        gains: what `gains` gave.
        note: a line below.
        path: the file.
    """
    shown = contrasts[contrasts["head"] != INTERACTION]
    names, networks = list(dict.fromkeys(shown["contrast"])), gains[gains["experiment"] != LINEAR]
    linear = gains[gains["experiment"] == LINEAR].set_index("output")["gain"]
    bodies = _bodies(networks)
    with style.context("default"):
        rows = len(names) + len(bodies) + 9
        figure = Figure(figsize=(WIDTH, INCHES_PER_ROW * rows), dpi=DPI, layout="constrained")
        axes = figure.subplots(
            2, len(OUTPUTS), sharex="row", height_ratios=[len(names) + 1, len(bodies) + 1]
        )
        ends = shown[["low", "high", "delta"]].to_numpy()
        least, most = min(0.0, np.nanmin(ends)), max(0.0, np.nanmax(ends))
        room = SLACK * (most - least)
        axes[0][0].set_xlim(least - room, most + room)
        for column, (output, scale) in enumerate(OUTPUTS.items()):
            _forest(axes[0][column], shown[shown["output"] == output], names)
            axes[0][column].set_title(
                f"Each idea minus the network without it, ×{scale}", fontsize=TITLE
            )
            of_output = networks[networks["output"] == output]
            _gains(axes[1][column], of_output, bodies, float(linear[output]))
            axes[1][column].set_title(f"Gain over bicubic, ×{scale}", fontsize=TITLE)
            if column:
                for row in (0, 1):
                    axes[row][column].set_yticklabels([])
        collapsed = bool(shown["collapsed"].any())
        figure.legend(handles=_legend(collapsed), loc="outside upper center", ncols=2)
        figure.supxlabel(fill(note, NOTE), fontsize=9)
        with atomic(path) as partial:
            figure.savefig(partial, format="png", metadata={"Software": None})


def _forest(axes: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """One row a contrast; what most repetitions might miss is shaded."""
    places = {name: place for place, name in enumerate(names)}
    for line in table[table["collapsed"] == 0].to_dict("records"):
        y = places[line["contrast"]] + _offset(line["head"])
        axes.barh(y, 2 * line["detectable"], STEP * 0.95, -line["detectable"], color=SHADE)
    axes.axvline(0, color="#888888", linewidth=0.8)
    for line in table.to_dict("records"):
        y = places[line["contrast"]] + _offset(line["head"])
        colour = COLLAPSED_COLOUR if line["collapsed"] else COLOURS[line["head"]]
        if not line["collapsed"]:
            axes.plot([line["low"], line["high"]], [y, y], color=colour, linewidth=1.6)
        hollow = line["placebo"] or str(line["weights"]).startswith(RANDOM)
        face = "white" if hollow else colour
        axes.plot(line["delta"], y, "o", color=colour, markerfacecolor=face, markersize=5.5)
        if line["collapsed"]:
            _beside(axes, line["delta"], y, line["collapsed"])
    weights = table[table["weights"].str.startswith(RANDOM)].set_index("contrast")["weights"]
    _rows(axes, [f"{n}  ({RANDOM})" if n in weights.index else n for n in names])
    own = [place for place, name in enumerate(names) if name.startswith("own")]
    if own:
        axes.axhline(own[0] - 0.5, color="#bbbbbb", linewidth=0.6)
    axes.set_xlabel("difference in PSNR, dB")


def _gains(axes: Axes, table: pd.DataFrame, bodies: Sequence[str], linear: float) -> None:
    """One row a body or network, both heads in it, with the linear filter as a line."""
    places = {name: place for place, name in enumerate(bodies)}
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.axvline(linear, color="#1b7837", linewidth=1.4, linestyle="--")
    for line in table.to_dict("records"):
        body, head = _parts(line["experiment"])
        y = places[body] + _offset(head)
        colour = COLLAPSED_COLOUR if line["collapsed"] else COLOURS[head]
        face = "white" if str(line["weights"]).startswith(RANDOM) else colour
        axes.plot([line["low"], line["high"]], [y, y], color=colour, linewidth=1.6)
        axes.plot(line["gain"], y, "o", color=colour, markerfacecolor=face, markersize=5)
        if line["collapsed"]:
            _beside(axes, line["gain"], y, line["collapsed"])
    _rows(axes, bodies)
    axes.set_xlabel("gain over bicubic, dB")


def _beside(axes: Axes, x: float, y: float, collapsed: int) -> None:
    axes.annotate(
        str(collapsed),
        (x, y),
        xytext=(-6, 0),
        textcoords="offset points",
        fontsize=7,
        ha="right",
        va="center",
    )


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.margins(x=SLACK)


def _offset(head: Any) -> float:
    return {HEADS[0]: -STEP / 2, HEADS[1]: STEP / 2}.get(str(head), 0.0)


def _parts(experiment: str) -> tuple[str, str]:
    """Body and head of a network of the grid; the name and no head of any other."""
    body, _, head = experiment.rpartition(".")
    return (body, head) if head in HEADS and body != "own" else (experiment, "")


def _bodies(gains: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(_parts(name)[0] for name in gains["experiment"]))


def _legend(collapsed: bool) -> list[Line2D | Patch]:
    def point(colour: str, label: str, face: str | None = None) -> Line2D:
        return Line2D([], [], color=colour, marker="o", markerfacecolor=face or colour, label=label)

    faded = Line2D([], [], marker="o", linestyle="", color=COLLAPSED_COLOUR, label=COLLAPSED)
    return [
        point(COLOURS[HEADS[0]], "with the original study's bilinear head"),
        point(COLOURS[HEADS[1]], "with the sub-pixel head over bicubic"),
        point(COLOURS[""], "our own network, the original study's networks, and the head"),
        point("#222222", f"{RANDOM}, or features of a wrong image", "white"),
        *([faded] if collapsed else []),
        Patch(color=SHADE, label="below the minimum detectable effect (80 % power)"),
        Line2D([], [], color="#1b7837", linestyle="--", label="linear filter"),
    ]
