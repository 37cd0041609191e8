"""A chart of a figure against a parameter: what a setting does, network by network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from markupsafe import Markup

from srcore.reporting.page.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MARKS,
    RIGHT,
    TOP,
    WIDTH,
    Place,
    frame,
    linear,
    mark,
    padded,
    rule,
    svg,
    y_ticks,
)

WIDE = 3.0
"""Positive values this far apart, as a quotient, are drawn on a logarithmic axis."""
NEAREST = 44
"""Pixels between two numbers beside the axis."""


@dataclass(frozen=True)
class Against:
    """One experiment: the parameter, the figure with its interval, and its name."""

    x: float
    y: float
    low: float
    high: float
    name: str


@dataclass(frozen=True)
class Series:
    """One network: its style (index of colour and mark) and its experiments."""

    style: int
    name: str
    points: Sequence[Against]


def against(series: Sequence[Series], label: str, axes: tuple[str, str], *, joined: bool) -> Markup:
    """One mark an experiment with its interval.

    Args:
        series: at least two values of the parameter among them.
        label: alternative text.
        axes: names of both axes.
        joined: draw a line through the means of each network at each value.
    """
    points = [point for one in series for point in one.points]
    values = sorted({point.x for point in points})
    x_of = _along(values)
    low, high = padded([0.0, *(end for point in points for end in (point.low, point.high))], 0.1)
    y_of = linear(low, high, HEIGHT - BOTTOM, TOP)
    shown = [(x_of(x), f"{x:g}") for x in values]
    kept = [shown[0]]
    for place, number in shown[1:]:
        if place - kept[-1][0] >= NEAREST:
            kept.append((place, number))
    parts = frame(axes, kept, y_ticks(low, high, y_of, signs=True))
    parts.append(rule(LEFT, y_of(0), WIDTH - RIGHT, y_of(0), "reference"))
    for one in series:
        style = one.style % len(MARKS)
        ordered = sorted(one.points, key=lambda point: point.x)
        if joined:
            at = {p.x: mean([q.y for q in ordered if q.x == p.x]) for p in ordered}
            path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in at.items())
            parts.append(Markup('<polyline class="line s{}" points="{}"/>').format(style, path))
        for point in ordered:
            x = x_of(point.x)
            parts.append(rule(x, y_of(point.low), x, y_of(point.high), f"whisker s{style}"))
            title = f"{one.name}, {point.name}: {point.y:+.2f} dB at {point.x:g}"
            drawn = mark(one.style, x, y_of(point.y))
            parts.append(Markup("<g>{}<title>{}</title></g>").format(drawn, title))
    return svg(parts, label)


def _along(values: Sequence[float]) -> Place:
    ends = LEFT + 20, WIDTH - RIGHT - 20
    if values[0] > 0 and values[-1] / values[0] >= WIDE:
        straight = linear(math.log(values[0]), math.log(values[-1]), *ends)
        return lambda value: straight(math.log(value))
    return linear(values[0], values[-1], *ends)
