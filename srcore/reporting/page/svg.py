"""Pieces of charts as inline SVG: axes, marks, text, and how numbers and lists are written."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 340, 220
"""Pixels of a chart, which is also its size on a phone, so text is never scaled down."""
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 10, 40
"""Room around the plotted area."""
MARKS = ("circle", "square", "up", "diamond", "down", "cross", "plus", "ring")
"""Shape of each model's mark: colours alone would leave some readers out."""

Place = Callable[[float], float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Area:
    """Pixels of a chart, and the room around its plotted area.

    Attributes:
        width: of the whole chart.
        height: of the whole chart.
        left: edge of the plotted area.
        right: edge of the plotted area.
        top: edge of the plotted area.
        bottom: edge of the plotted area.
    """

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int


CHART = Area(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM)
"""The charts of the report page."""


def signed(value: float, digits: int = 2) -> str:
    """A gain as people write it: +1.20, −0.35, 0.00."""
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{digits}f}") == 0 else text


def short(value: float) -> str:
    """A cost in K, M or G with three significant digits: 38.9 K, 1.11 G."""
    rounded = float(f"{value:.3g}")
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if rounded >= size:
            digits = max(0, 2 - math.floor(math.log10(rounded / size)))
            return f"{rounded / size:.{digits}f} {unit}"
    return f"{value:g}"


def listed(words: Sequence[str]) -> str:
    """Words as people list them: one, two and three."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def round_cost(value: float) -> str:
    """As `short`, for a round number: 30 K, 1 G."""
    number, _, unit = short(value).partition(" ")
    return f"{float(number):g} {unit}".strip()


def mark(style: int, x: float, y: float, size: float = 4.5) -> Markup:
    """The mark of a model, centred on (x, y)."""
    shape, s = MARKS[style % len(MARKS)], size
    if shape in ("circle", "ring"):
        kind = " hollow" if shape == "ring" else ""
        return Markup('<circle class="mark s{}{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(
            style % len(MARKS), kind, x, y, s
        )
    path = {
        "square": f"M{-s * 0.9:.1f} {-s * 0.9:.1f}h{s * 1.8:.1f}v{s * 1.8:.1f}h{-s * 1.8:.1f}z",
        "up": f"M0 {-s * 1.2:.1f}L{s * 1.15:.1f} {s * 0.85:.1f}H{-s * 1.15:.1f}z",
        "down": f"M0 {s * 1.2:.1f}L{s * 1.15:.1f} {-s * 0.85:.1f}H{-s * 1.15:.1f}z",
        "diamond": f"M0 {-s * 1.3:.1f}L{s * 1.3:.1f} 0L0 {s * 1.3:.1f}L{-s * 1.3:.1f} 0z",
        "cross": f"M{-s} {-s}L{s} {s}M{-s} {s}L{s} {-s}",
        "plus": f"M0 {-s * 1.2:.1f}V{s * 1.2:.1f}M{-s * 1.2:.1f} 0H{s * 1.2:.1f}",
    }[shape]
    kind = " open" if shape in ("cross", "plus") else ""
    return Markup('<path class="mark s{}{}" transform="translate({:.1f} {:.1f})" d="{}"/>').format(
        style % len(MARKS), kind, x, y, path
    )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers between `low` and `high`, about `count` of them."""
    rough = (high - low) / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, least: int = 2) -> list[float]:
    """Round numbers between `low` and `high` on a logarithmic axis.

    Args:
        low: start of the axis.
        high: end of the axis.
        least: how many there should be; where round numbers are rare there are at least two.
    """
    inside: list[float] = []
    for factors in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [f * 10.0**power for power in powers for f in factors]
        inside = [value for value in found if low <= value <= high]
        if len(inside) >= least:
            break
    return inside if len(inside) >= 2 else [low, high]


def padded(values: Sequence[float], share: float = 0.06) -> Range:
    """The range of `values` with some room at both ends, never empty."""
    low, high = min(values), max(values)
    room = (high - low) * share or abs(high) * 0.05 or 1.0
    return low - room, high + room


def without_start(curves: Sequence[Sequence[float]], others: Sequence[float] = ()) -> Range:
    """The range of curves and `others`, without the steep first epochs that would press it flat.

    A tenth of each curve, at least one point, may lie outside when there are five or more.
    """
    kept = [v for c in curves for v in (c[max(1, len(c) // 10) :] if len(c) >= 5 else c)]
    return padded([*kept, *others])


def linear(low: float, high: float, start: float, end: float) -> Place:
    """The function that takes `low` to `start` and `high` to `end`, straight between."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def y_ticks(low: float, high: float, y_of: Place, signs: bool = False) -> list[tuple[float, str]]:
    """Heights of round numbers, and how they are written."""
    return [(y_of(tick), short_number(tick, signs)) for tick in ticks(low, high, 6)]


def short_number(value: float, signs: bool = False) -> str:
    """A number beside an axis."""
    text = f"{value:{'+' if signs else ''}.4g}".replace("-", "−")
    return "0" if abs(value) < 1e-12 else text


def frame(
    axes: tuple[str, str],
    xs: Sequence[tuple[float, str]],
    ys: Sequence[tuple[float, str]],
    area: Area = CHART,
) -> list[Markup]:
    """Grid, axes with their names, and the numbers beside them: (pixel, text) each."""
    left, right, bottom = area.left, area.right, area.bottom
    parts = [rule(left, y, right, y, "grid") + text(left - 6, y + 4, t, "end") for y, t in ys]
    parts += [text(x, bottom + 16, number, "middle") for x, number in xs]
    parts.append(rule(left, bottom, right, bottom, "base"))
    parts.append(text((left + right) / 2, area.height - 6, axes[0], "middle", "axis"))
    rotated = Markup(
        '<text class="axis" text-anchor="middle" transform="translate(11 {}) rotate(-90)">{}</text>'
    )
    parts.append(rotated.format((area.top + bottom) / 2, axes[1]))
    return parts


def rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line of that class."""
    line = Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
    return line.format(kind, x1, y1, x2, y2)


def text(x: float, y: float, content: str, anchor: str, kind: str = "tick") -> Markup:
    """Text of that class, escaped; `anchor` is start, middle or end."""
    tag = Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    return tag.format(kind, x, y, anchor, content)


def clipped(parts: Sequence[Markup]) -> Markup:
    """Cut off what lies outside the plotted area; unlike a clip path this needs no name."""
    x, y, width, height = LEFT, TOP, WIDTH - RIGHT - LEFT, HEIGHT - BOTTOM - TOP
    tag = Markup('<svg x="{}" y="{}" width="{}" height="{}" viewBox="{} {} {} {}">{}</svg>')
    return tag.format(x, y, width, height, x, y, width, height, Markup("").join(parts))


def svg(
    parts: Sequence[Markup], label: str, height: float = HEIGHT, width: float = WIDTH
) -> Markup:
    """A whole chart with its alternative text."""
    tag = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return tag.format(width, height, label, Markup("").join(parts))
