"""Charts as inline SVG, drawn without a plotting library.

The report page styles them with its own sheet, so they follow its light and dark colours and their
text stays text. A chart is about as wide as a phone; the page lays several side by side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from srcore.features.labels import RANDOM
from srcore.reporting.page.labels import Name, Place, arrange
from srcore.reporting.page.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MARKS,
    RIGHT,
    TOP,
    WIDTH,
    Range,
    clipped,
    frame,
    linear,
    log_ticks,
    mark,
    padded,
    round_cost,
    rule,
    short,
    short_number,
    signed,
    svg,
    text,
    ticks,
    y_ticks,
)

LONGEST = 18
"""Letters of a label of weights; the name of a file may be longer."""
FONT = 12
"""Pixels of the names in a chart, as in report.css."""


@dataclass(frozen=True)
class Line:
    """One curve: its style (index of colour and mark), its points, and whether it is dashed."""

    style: int
    points: Sequence[tuple[float, float]]
    name: str
    dashed: bool = False


@dataclass(frozen=True)
class Point:
    """One model in a scatter: cost, gain and its interval, and the weights it depends on."""

    style: int
    name: str
    weights: str
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One model's gains over many images."""

    style: int
    name: str
    weights: str
    values: Sequence[float]


def curves(
    lines: Sequence[Line],
    label: str,
    axes: tuple[str, str],
    y_range: Range,
    reference: float | None = None,
) -> Markup:
    """Curves over epochs, and a dotted line at a height to compare them with.

    Args:
        lines: at least one curve.
        label: alternative text.
        axes: names of both axes.
        y_range: range of heights, so that neighbouring charts can share it; what lies outside
            is cut off.
        reference: that height.
    """
    y_low, y_high = y_range
    last = max(x for line in lines for x, _ in line.points)
    x_of = linear(1, max(last, 2), LEFT, WIDTH - RIGHT)
    y_of = linear(y_low, y_high, HEIGHT - BOTTOM, TOP)
    whole = sorted({1.0, *(float(round(tick)) for tick in ticks(1, max(last, 2)) if tick >= 2)})
    parts = frame(axes, [(x_of(x), f"{x:g}") for x in whole], y_ticks(y_low, y_high, y_of))
    if reference is not None:
        parts.append(rule(LEFT, y_of(reference), WIDTH - RIGHT, y_of(reference), "reference"))
    drawn: list[Markup] = []
    for line in lines:
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in line.points)
        kind = " dashed" if line.dashed else ""
        curve = Markup('<polyline class="line s{}{}" points="{}"><title>{}</title></polyline>')
        drawn.append(curve.format(line.style % len(MARKS), kind, path, line.name))
    parts.append(clipped(drawn))
    for line in lines:
        x, y = line.points[-1]
        if not line.dashed and y_low <= y <= y_high:
            parts.append(mark(line.style, x_of(x), y_of(y), 3.5))
    return svg(parts, label)


def scatter(points: Sequence[Point], label: str, axes: tuple[str, str]) -> Markup:
    """Gain with its interval against a cost on a logarithmic axis, one labelled mark a model."""
    logs = padded([math.log10(point.x) for point in points], 0.18)
    y_low, y_high = padded([0.0, *(v for p in points for v in (p.low, p.high))], 0.1)
    along = linear(*logs, LEFT, WIDTH - RIGHT)
    y_of = linear(y_low, y_high, HEIGHT - BOTTOM, TOP)
    steps = log_ticks(10 ** logs[0], 10 ** logs[1])
    parts = frame(
        axes,
        [(along(math.log10(x)), round_cost(x)) for x in steps],
        y_ticks(y_low, y_high, y_of, signs=True),
    )
    parts.append(rule(LEFT, y_of(0), WIDTH - RIGHT, y_of(0), "reference"))
    places = [(along(math.log10(point.x)), y_of(point.y)) for point in points]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    taken.append((LEFT, y_of(0) - 1, WIDTH, y_of(0) + 1))
    for point, (x, _) in zip(points, places, strict=True):
        low, high = y_of(point.low), y_of(point.high)
        parts.append(rule(x, low, x, high, f"whisker {_style(point)}"))
        taken.append((x - 1, high, x + 1, low))
    names = [
        Name(_named(point), *at, needed=True) for point, at in zip(points, places, strict=True)
    ]
    found = arrange(names, FONT, (LEFT + 2, 2, WIDTH - 2, HEIGHT - BOTTOM - 1), taken)
    rows = list(zip(points, names, found, strict=True))
    parts += [_mark(*row) for row in rows]
    parts += [_written(point, name, place) for point, name, place in rows if place]
    return svg(parts, label)


def distribution(rows: Sequence[Row], label: str, axis: str) -> Markup:
    """Gains of single images, one row a model: every image a dot, box of the middle half."""
    each, left = 34, 104
    height = TOP + each * len(rows) + BOTTOM
    low, high = padded([0.0, *(value for row in rows for value in row.values)], 0.04)
    x_of = linear(low, high, left, WIDTH - RIGHT)
    bottom = height - BOTTOM
    parts = [
        rule(x_of(x), TOP, x_of(x), bottom, "grid")
        + text(x_of(x), bottom + 15, short_number(x, signs=True), "middle")
        for x in ticks(low, high)
    ]
    parts.append(rule(x_of(0), TOP, x_of(0), bottom, "reference"))
    parts.append(text((left + WIDTH - RIGHT) / 2, height - 6, axis, "middle", "axis"))
    for index, row in enumerate(rows):
        y, style = TOP + each * (index + 0.5), row.style % len(MARKS)
        parts.append(_name(row.name, row.weights, left - 8, y, "end"))
        for place, value in enumerate(sorted(row.values)):
            # A fixed spread in place of a random one: the same figures draw the same page.
            drift = ((place * 0.618034) % 1 - 0.5) * (each - 14)
            dot = Markup('<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="2"/>')
            parts.append(dot.format(style, x_of(value), y + drift))
        quarter, middle, three = (x_of(q) for q in np.quantile(row.values, (0.25, 0.5, 0.75)))
        box = Markup('<rect class="box s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="18"/>')
        parts.append(box.format(style, quarter, y - 9, max(three - quarter, 1)))
        parts.append(rule(middle, y - 9, middle, y + 9, f"median s{style}"))
    return svg(parts, label, height)


def interval_bar(low: float, mean: float, high: float, span: Range) -> Markup:
    """A mean and its interval as a small bar, for a cell of a table; zero is the upright line."""
    x_of = linear(*span, 4, 92)
    bar = Markup('<svg class="interval" viewBox="0 0 96 16" aria-hidden="true">{}{}{}</svg>')
    return bar.format(
        rule(x_of(0), 0, x_of(0), 16, "reference"),
        rule(x_of(low), 8, x_of(high), 8, "spread"),
        Markup('<circle class="mean" cx="{:.1f}" cy="8" r="2.5"/>').format(x_of(mean)),
    )


def reference_swatch() -> Markup:
    """A piece of the dotted line, for a legend."""
    return Markup('<svg class="swatch" viewBox="0 0 28 14" aria-hidden="true">{}</svg>').format(
        rule(1, 7, 27, 7, "reference")
    )


def swatch(style: int, dashed: bool = False) -> Markup:
    """A piece of a curve, for a legend."""
    line = Markup('<line class="line s{}{}" x1="1" x2="27" y1="7" y2="7"/>').format(
        style % len(MARKS), " dashed" if dashed else ""
    )
    end = Markup("") if dashed else mark(style, 14, 7, 4)
    return Markup('<svg class="swatch" viewBox="0 0 28 14" aria-hidden="true">{}{}</svg>').format(
        line, end
    )


def _named(point: Point) -> str:
    """The name of a point; which file weights are from stands in the legend."""
    return f"{point.name} (random)" if point.weights == RANDOM else point.name


def _style(point: Point) -> str:
    return f"s{point.style % len(MARKS)}"


def _mark(point: Point, name: Name, place: Place | None) -> Markup:
    """The mark of a point with its tooltip, and the line to its name."""
    joined = rule(*place.joined, f"leader {_style(point)}") if place and place.joined else Markup()
    tag = Markup("<g>{}{}<title>{}: {} dB, {}</title></g>")
    return tag.format(
        joined, mark(point.style, name.x, name.y), point.name, signed(point.y), short(point.x)
    )


def _written(point: Point, name: Name, place: Place) -> Markup:
    spot = place.spot
    return text(spot.x, spot.y + 0.35 * FONT, name.text, spot.anchor, f"name {_style(point)}")


def _name(name: str, weights: str, x: float, y: float, anchor: str) -> Markup:
    if not weights:
        return text(x, y + 4, name, anchor, "name")
    label = "weights unreal" if weights == RANDOM else "weights"
    shown = weights if len(weights) <= LONGEST else weights[: LONGEST - 1] + "…"
    return text(x, y - 2, name, anchor, "name") + text(x, y + 11, shown, anchor, label)
