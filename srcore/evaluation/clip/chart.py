"""The chart of how much meaning survives."""

from pathlib import Path
from typing import cast

import pandas as pd
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from srcore.common.files import atomic

STYLES = {
    "low": ("^", "#009e73", 0.0),
    "mid": ("o", "#0072b2", -0.13),
    "large": ("s", "#d55e00", 0.13),
}
"""Output → mark, colour, and where it stands within a method's line."""
TITLES = {
    "survival": "survival of meaning",
    "first": "share whose own original is nearest",
    "map": "zero-shot mAP",
}


@style.context("default")
def draw_meaning(table: pd.DataFrame, sizes: tuple[int, int, int], path: Path, of: str) -> None:
    """Draw what survives, a row per method, with 95 % intervals where there are any.

    Args:
        table: what `srcore.evaluation.clip.meaning.as_table` gave.
        sizes: side in pixels of low, mid and large.
        path: the PNG; equal data give equal bytes.
        of: name of the part of the data set that was judged.
    """
    panels = [name for name in TITLES if name in table]
    # Not the lines of chance, nor what has no figure: the original beside itself.
    table = table[(table["output"] != "") & table[panels].notna().any(axis=1)]
    methods = list(dict.fromkeys(table["method"]))
    weights = dict(zip(table["method"], table["weights"], strict=True))
    figure = Figure(
        figsize=(1.6 + 4.2 * len(panels), 1.8 + 0.36 * len(methods)), dpi=120, layout="constrained"
    )
    title = f"Meaning that survives on the {of} images, as CLIP sees it"
    # A $ in the name of a weights file is a $.
    figure.suptitle(f"{title}\n{table['clip'].iloc[0]}", fontsize=11, parse_math=False)
    drawn: dict[str, ErrorbarContainer] = {}
    all_axes = cast("list[list[Axes]]", figure.subplots(1, len(panels), sharey=True, squeeze=False))
    for axes, panel in zip(all_axes[0], panels, strict=True):
        axes.set_xlabel(TITLES[panel])
        axes.grid(axis="x", alpha=0.3)
        axes.locator_params(axis="x", nbins=5)  # cosines have many digits
        for output, (marker, colour, shift) in STYLES.items():
            part = table[(table["output"] == output) & table[panel].notna()]
            if part.empty:
                continue
            size = dict(zip(STYLES, sizes, strict=True))[output]
            known = f"{panel}_low" in part and part[f"{panel}_low"].notna().all()
            mean = part[panel]
            ends = [mean - part[f"{panel}_low"], part[f"{panel}_high"] - mean] if known else None
            drawn[f"{size} × {size}"] = axes.errorbar(
                part[panel],
                [methods.index(method) + shift for method in part["method"]],
                xerr=ends,
                fmt=marker,
                color=colour,
                capsize=3,
            )
        left, right = axes.get_xlim()
        axes.set_xlim(left, min(right, 1 + 0.1 * (1 - left)))  # nothing here is above 1
    handles = cast("list[Artist]", list(drawn.values()))  # a container is drawn as its parts
    figure.legend(handles, list(drawn), loc="outside lower center", ncols=3, fontsize=9)
    named = [f"{name} ({weights[name]})" if weights[name] else name for name in methods]
    first = all_axes[0][0]
    first.set_yticks(range(len(methods)), named, parse_math=False)
    first.set_ylim(len(methods) - 0.5, -0.5)
    with atomic(path) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})
