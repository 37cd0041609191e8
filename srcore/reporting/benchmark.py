"""The page of the benchmark: tables and a plot of PSNR against Multi-Adds, measured and published.

It opens offline, with the style of the report.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
from markupsafe import Markup

from srcore.evaluation.published import MEASURED
from srcore.features.labels import RANDOM
from srcore.metrics.table import HEADLINE, METRICS, measured
from srcore.models.scales import OUTPUTS
from srcore.params.schema import Evaluate
from srcore.reporting.document import environment, policy, source
from srcore.reporting.metric_weights import metric_weights
from srcore.reporting.page.labels import MARK, Labels
from srcore.reporting.page.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    frame,
    linear,
    log_ticks,
    mark,
    padded,
    round_cost,
    short,
    svg,
    text,
    y_ticks,
)

FILLED, HOLLOW = 0, 7
"""Marks of measured and of published rows."""


@dataclass(frozen=True)
class Part:
    """A data set at one scale: its heading, its rows, and its drawing where costs are known."""

    title: str
    rows: list[dict[str, Any]]
    drawing: Markup | None


def render(table: pd.DataFrame, extra: Evaluate | None = None) -> str:
    """The page as HTML.

    Args:
        table: the content of `plots/benchmark.csv`.
        extra: which further metrics were asked for; None for none.
    """
    pages = environment()
    style = source(pages, "report.css")
    return pages.get_template("benchmark.html.j2").render(
        parts=[_part(*item) for item in table.groupby(["data_set", "output"], sort=False)],
        metrics=measured(table.columns),
        deep=metric_weights(extra) if extra else {},
        policy=policy(style),
        style=style,
        random=RANDOM,
        filled=swatch(FILLED),
        hollow=swatch(HOLLOW),
    )


def swatch(style: int) -> Markup:
    """A mark for a legend."""
    tag = Markup('<svg class="swatch" viewBox="-8 -8 16 16" aria-hidden="true">{}</svg>')
    return tag.format(mark(style, 0, 0))


def _part(key: Any, rows: pd.DataFrame) -> Part:
    data_set, output = key
    ordered = rows.sort_values(HEADLINE, kind="stable")
    records = cast("list[dict[str, Any]]", ordered.to_dict("records"))
    lines = [_row(line) for line in records]
    costly = [line for line in records if pd.notna(line["multiadds"])]
    drawing = plane(costly, f"PSNR on {data_set} against Multi-Adds") if costly else None
    return Part(f"{data_set} ×{OUTPUTS[output]}", lines, drawing)


def _row(line: dict[str, Any]) -> dict[str, Any]:
    def known(name: str) -> str:
        return short(float(line[name])) if pd.notna(line[name]) else "–"

    return {
        "method": line["method"],
        "weights": line["weights"],
        "figures": {
            name: metric.shown(line[name]) if pd.notna(line[name]) else "–"
            for name, metric in measured(line).items()
        },
        "parameters": known("parameters"),
        "multiadds": known("multiadds"),
        "measured": line["source"] == MEASURED,
        "source": line["source"],
    }


def plane(lines: Sequence[dict[str, Any]], label: str) -> Markup:
    """PSNR against Multi-Adds on a logarithmic axis; published rows have hollow marks."""
    logs = padded([math.log10(line["multiadds"]) for line in lines], 0.15)
    heights = padded([line[HEADLINE] for line in lines], 0.1)
    along = linear(*logs, LEFT, WIDTH - RIGHT)
    y_of = linear(*heights, HEIGHT - BOTTOM, TOP)
    steps = log_ticks(10 ** logs[0], 10 ** logs[1])
    parts = frame(
        ("Multi-Adds", METRICS[HEADLINE].heading),
        [(along(math.log10(x)), round_cost(x)) for x in steps],
        y_ticks(*heights, y_of),
    )
    places = [(along(math.log10(line["multiadds"])), y_of(line[HEADLINE])) for line in lines]
    labels = Labels([((x - 5, y - 5, x + 5, y + 5), MARK) for x, y in places])
    for line, (x, y) in zip(lines, places, strict=True):
        style = FILLED if line["source"] == MEASURED else HOLLOW
        shown = f"{line['method']} ({line['weights']})" if line["weights"] else line["method"]
        note = f"{shown}: {line[HEADLINE]:.2f} dB, {short(line['multiadds'])}"
        title = f"{note}, {line['source']}"
        parts.append(
            Markup("<g>{}<title>{}</title></g>").format(mark(style, x, y), title),
        )
    for line, (x, y) in zip(lines, places, strict=True):
        name = f"{line['method']} (random)" if line["weights"] == RANDOM else str(line["method"])
        # Where there is no room for a name, its mark has a tooltip.
        if spot := labels.free(x, y, len(name)):
            parts.append(text(spot.x, spot.y + 4, name, spot.anchor))
    return svg(parts, label)
