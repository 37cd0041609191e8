"""The page of the benchmark: tables and a plot of PSNR against Multi-Adds, measured and published.

It opens offline, with the style of the report and a sheet of its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pandas as pd
from markupsafe import Markup

from srcore.evaluation.published import MEASURED
from srcore.features.labels import RANDOM
from srcore.inference.baselines import BASELINE
from srcore.metrics.table import HEADLINE, METRICS, Metric, measured
from srcore.models.scales import OUTPUTS
from srcore.params.schema import Evaluate
from srcore.reporting.document import environment, policy, source
from srcore.reporting.metric_weights import metric_weights
from srcore.reporting.page.labels import Box, Name, Place, arrange, meet, text_width
from srcore.reporting.page.svg import (
    Area,
    frame,
    linear,
    listed,
    log_ticks,
    mark,
    padded,
    round_cost,
    rule,
    short,
    svg,
    text,
    y_ticks,
)

FILLED, ARROW, HOLLOW = 0, 4, 7
"""Marks of measured rows, of those below the axis, and of published rows."""
AREA = Area(width=720, height=420, left=64, right=708, top=12, bottom=376)
FONT = 13
"""Pixels of the names in the plot, as in benchmark.css."""
BELOW = 1.0
"""dB below bicubic at which the axis begins: a worse network must not press the others flat."""
AROUND = 6.5
"""Half the side of the square around a mark that no name may touch."""
SIZE, LARGER = 4.5, 5.5
"""Pixels of half a mark: a filled one looks smaller than a hollow one."""
LONGEST = 28
"""Letters of a name in the plot; that of a file may be longer."""


@dataclass(frozen=True)
class Part:
    """A data set at one scale.

    Attributes:
        title: its heading.
        images: how many were measured, as text.
        rows: of the table, the best first.
        sources: of the published rows, in the order of their notes.
        drawing: where costs are known.
        below: whether a mark of the drawing is below its axis.
    """

    title: str
    images: str
    rows: list[dict[str, Any]]
    sources: list[str]
    drawing: Markup | None
    below: bool


def render(table: pd.DataFrame, extra: Evaluate | None = None) -> str:
    """The page as HTML.

    Args:
        table: the content of `plots/benchmark.csv`.
        extra: which further metrics were asked for; None for none.
    """
    pages = environment()
    style = source(pages, "report.css") + source(pages, "benchmark.css")
    return pages.get_template("benchmark.html.j2").render(
        parts=[_part(*item) for item in table.groupby(["data_set", "output"], sort=False)],
        headings={name: _heading(name, of) for name, of in measured(table.columns).items()},
        on_luma=listed([metric.title for metric in METRICS.values()]),
        deep=metric_weights(extra) if extra else {},
        policy=policy(style),
        style=style,
        random=RANDOM,
        filled=swatch(FILLED),
        hollow=swatch(HOLLOW),
        arrow=swatch(ARROW),
    )


def swatch(style: int) -> Markup:
    """A mark for a legend."""
    tag = Markup('<svg class="swatch" viewBox="-8 -8 16 16" aria-hidden="true">{}</svg>')
    return tag.format(mark(style, 0, 0))


def _heading(name: str, metric: Metric) -> str:
    """The metrics that are always there are of luma; the others say themselves what they are of."""
    on_luma = replace(metric, title=f"{metric.title} (luma)")
    return (on_luma if name in METRICS else metric).heading


def _part(key: Any, rows: pd.DataFrame) -> Part:
    data_set, output = key
    ordered = rows.sort_values(HEADLINE, ascending=False, kind="stable")
    records = cast("list[dict[str, Any]]", ordered.to_dict("records"))
    sources = list(dict.fromkeys(x["source"] for x in records if x["source"] != MEASURED))
    images = int(rows["images"].max())
    title = f"{data_set} ×{OUTPUTS[output]}"
    costly = [line for line in records if pd.notna(line["multiadds"])]
    is_bicubic = (rows["method"] == BASELINE) & (rows["source"] == MEASURED)
    bicubic = float(rows.loc[is_bicubic, HEADLINE].iloc[0])
    return Part(
        title,
        f"{images} image{'' if images == 1 else 's'}",
        [_row(line, sources) for line in records],
        sources,
        plane(costly, f"PSNR of luma against Multi-Adds, {title}", bicubic) if costly else None,
        any(x[HEADLINE] < bicubic - BELOW for x in costly if x["source"] == MEASURED),
    )


def _row(line: dict[str, Any], sources: list[str]) -> dict[str, Any]:
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
        "note": 0 if line["source"] == MEASURED else 1 + sources.index(line["source"]),
    }


def plane(lines: Sequence[dict[str, Any]], label: str, bicubic: float) -> Markup:
    """PSNR against Multi-Adds on a logarithmic axis; published rows have hollow marks.

    Args:
        lines: rows of the table with known costs.
        label: alternative text.
        bicubic: PSNR of bicubic interpolation. The axis begins a little below it, and arrows stand
            for what lies further below.
    """
    logs = padded([math.log10(line["multiadds"]) for line in lines], 0.08)
    low, best = bicubic - BELOW, max(line[HEADLINE] for line in lines)
    high = max(best + 0.06 * (best - low), bicubic + BELOW)
    along = linear(*logs, AREA.left, AREA.right)
    y_of = linear(low, high, AREA.bottom, AREA.top)
    steps = log_ticks(10 ** logs[0], 10 ** logs[1], least=4)
    parts = frame(
        ("Multi-Adds for an output of 1280 × 720", _heading(HEADLINE, METRICS[HEADLINE])),
        [(along(math.log10(x)), round_cost(x)) for x in steps],
        y_ticks(low, high, y_of),
        AREA,
    )
    points = [
        (
            along(math.log10(line["multiadds"])),
            AREA.bottom - AROUND if line[HEADLINE] < low else y_of(line[HEADLINE]),
        )
        for line in lines
    ]
    names = [
        Name(_name(line, line[HEADLINE] < low), x, y, line["source"] == MEASURED)
        for line, (x, y) in zip(lines, points, strict=True)
    ]
    taken = [(x - AROUND, y - AROUND, x + AROUND, y + AROUND) for x, y in points]
    drawn, covered = _reference(y_of(bicubic), taken)
    parts += drawn
    taken += covered
    within = (AREA.left + 2, 2, AREA.width - 2, AREA.bottom - 1)
    places = arrange(names, FONT, within, taken)
    rows = sorted(
        zip(lines, names, places, strict=True), key=lambda row: row[1].needed
    )  # what was measured is drawn over what was published
    parts += [_mark(line, name, line[HEADLINE] < low, place) for line, name, place in rows]
    parts += [_written(name, place) for _, name, place in rows if place]
    return svg(parts, label, AREA.height, AREA.width)


def _name(line: dict[str, Any], below: bool) -> str:
    """What is written beside a mark."""
    method = str(line["method"])
    half = LONGEST // 2  # names of files differ at their end, and an ensemble's ends with a plus
    shown = method if len(method) <= LONGEST else f"{method[: half - 1]}…{method[-half:]}"
    value = f", {line[HEADLINE]:.1f} dB" if below else ""
    return f"{shown}{' (random)' if line['weights'] == RANDOM else ''}{value}"


def _reference(y: float, marks: Sequence[Box]) -> tuple[list[Markup], list[Box]]:
    """A dotted line at the height of bicubic with its name, and what both cover."""
    width = text_width(BASELINE, FONT)
    lefts = (AREA.right - width - 4, AREA.left + 6)
    boxes = [(x, top, x + width, top + 16) for x in lefts for top in (y - 18, y + 2)]
    box = next((b for b in boxes if not any(meet(b, other) for other in marks)), boxes[0])
    drawn = [
        rule(AREA.left, y, AREA.right, y, "reference"),
        text(box[0], box[1] + 12, BASELINE, "start"),
    ]
    return drawn, [box, (AREA.left, y - 1, AREA.right, y + 1)]


def _mark(line: dict[str, Any], name: Name, below: bool, place: Place | None) -> Markup:
    """The mark of a row with its tooltip, and the line to its name."""
    shown = f"{line['method']} ({line['weights']})" if line["weights"] else line["method"]
    note = f"{shown}: {line[HEADLINE]:.2f} dB, {short(line['multiadds'])}, {line['source']}"
    style = ARROW if below else FILLED if name.needed else HOLLOW
    joined = rule(*place.joined, "leader") if place and place.joined else Markup()
    size = LARGER if name.needed else SIZE
    tag = Markup('<g class="{}">{}{}<title>{}</title></g>')
    return tag.format(_kind(name), joined, mark(style, name.x, name.y, size), note)


def _written(name: Name, place: Place) -> Markup:
    spot = place.spot
    written = text(spot.x, spot.y + 0.35 * FONT, name.text, spot.anchor, "name")
    return Markup('<g class="{}">{}</g>').format(_kind(name), written)


def _kind(name: Name) -> str:
    return "measured" if name.needed else "published"
