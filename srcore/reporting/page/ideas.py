"""The page's section on what each idea is worth: forest plots and a table, of plots/ideas.csv."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from srcore.ideas.names import HEADS, INTERACTION, VERDICTS
from srcore.models.scales import OUTPUTS
from srcore.reporting.page.svg import linear, padded, rule, short, short_number, signed, text, ticks

LABELS, WIDTH, ROW, TOP, BOTTOM = 168, 460, 22, 6, 34
"""Pixels: room for the names, the whole width, a row, and above and below the rows."""
STEP = 5
"""Pixels between the middle of a row and each head's mark."""
STYLES = {HEADS[0]: 0, HEADS[1]: 1, "": 2}
"""Head → its colour, one of the models'."""


def ideas_section(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """What the template shows; None without a table.

    Args:
        table: plots/ideas.csv.
    """
    if table is None or table.empty:
        return None
    shown = table[table["head"] != INTERACTION]
    sizes = [output for output in OUTPUTS if output in set(table["output"])]
    return {
        "note": f"{table['data'].iloc[0]}; {table['device'].iloc[0]}, {table['precision'].iloc[0]}",
        "charts": [
            {"title": f"×{OUTPUTS[output]}", "drawing": _forest(shown, output)} for output in sizes
        ],
        "sizes": [f"×{OUTPUTS[output]}" for output in sizes],
        "rows": [
            _row(table, name, head, sizes)
            for name, head in shown[["contrast", "head"]].drop_duplicates().to_numpy().tolist()
        ],
    }


def _row(table: pd.DataFrame, name: str, head: str, sizes: list[str]) -> dict[str, Any]:
    part = table[(table["contrast"] == name) & (table["head"] == head)]
    lines: dict[str, dict[Any, Any]] = {line["output"]: line for line in part.to_dict("records")}
    first = next(iter(lines.values()))
    cells: list[dict[str, str]] = []
    for output in sizes:
        line = lines[output]
        cells.append(
            {
                "delta": signed(line["delta"]),
                "low": signed(line["low"]),
                "high": signed(line["high"]),
                "adjusted": f"{line['adjusted']:.3f}",
                "detectable": f"{line['detectable']:.2f}",
                "verdict": VERDICTS.get(str(line["verdict"]), ""),
            }
        )
    more = {key: first[f"extra_{key}"] for key in ("parameters", "frozen", "macs")}
    return {
        "name": name,
        "head": head,
        "placebo": str(first["placebo"]) == "True",
        "weights": first["weights"],
        "broken": int(first["broken"]),
        "cells": cells,
        "cost": {key: _more(value) for key, value in more.items()},
    }


def _more(value: float) -> str:
    """An extra cost, with its sign; empty where it is not known."""
    if pd.isna(value):
        return ""
    return "0" if value == 0 else f"{'+' if value > 0 else '−'}{short(abs(value))}"


def _forest(table: pd.DataFrame, output: str) -> Markup:
    """One row a contrast, one mark a head; what could not have been seen is shaded."""
    part = table[table["output"] == output]
    names = list(dict.fromkeys(part["contrast"]))
    low, high = padded([0.0, *part["low"], *part["high"]])
    x_of = linear(low, high, LABELS, WIDTH - 8)
    height = TOP + ROW * len(names) + BOTTOM
    bottom = height - BOTTOM
    parts = [
        rule(x_of(tick), TOP, x_of(tick), bottom, "grid")
        + text(x_of(tick), bottom + 14, short_number(tick, signs=True), "middle")
        for tick in ticks(low, high)
    ]
    parts.append(text((LABELS + WIDTH) / 2, height - 4, "difference in PSNR, dB", "middle", "axis"))
    parts.append(rule(x_of(0), TOP, x_of(0), bottom, "reference"))
    for place, name in enumerate(names):
        middle = TOP + ROW * (place + 0.5)
        parts.append(text(LABELS - 8, middle + 4, name, "end"))
        for line in part[part["contrast"] == name].to_dict("records"):
            offset = {HEADS[0]: -STEP, HEADS[1]: STEP}.get(line["head"], 0)
            ends = [x_of(max(min(sign * line["detectable"], high), low)) for sign in (-1, 1)]
            shade = Markup('<rect class="unseen" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="6"/>')
            parts.append(shade.format(ends[0], middle + offset - 3, ends[1] - ends[0]))
            parts.append(_mark(line, x_of, middle + offset))
    tag = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    label = f"What each idea adds at ×{OUTPUTS[output]}, with its 95 % interval"
    return tag.format(WIDTH, height, label, Markup("").join(parts))


def _mark(line: dict[Any, Any], x_of: Any, y: float) -> Markup:
    style = STYLES.get(line["head"], 2)
    hollow = " hollow" if str(line["placebo"]) == "True" else ""
    title = (
        f"{line['contrast']}{', ' + line['head'] + ' head' if line['head'] else ''}: "
        f"{signed(line['delta'])} dB, {signed(line['low'])} to {signed(line['high'])}"
    )
    tag = Markup(
        '<g>{}<circle class="mark s{}{}" cx="{:.1f}" cy="{:.1f}" r="3.5"/><title>{}</title></g>'
    )
    whisker = rule(x_of(line["low"]), y, x_of(line["high"]), y, f"whisker s{style}")
    return tag.format(whisker, style, hollow, x_of(line["delta"]), y, title)
