"""Where the names of marks stand in a chart, so that they lie over nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

ASIDE = 9
"""Pixels from the middle of a mark to a name beside it."""
WIDE = {
    "'ijlIJ": 0.3,
    " ,./:;\\|f-()[]t!": 0.41,
    'r"*_`szcL?': 0.56,
    "$0123456789{}abdeghknopquvxyEFKPSTY": 0.66,
    "ABCRUVXZ": 0.74,
    "DGHNOQ&": 0.79,
    "w#+<=>^~M": 0.87,
}
"""Letters → their width as a share of the font size, at most: DejaVu Sans is wider than most."""
WIDEST = 1.0
"""The width of every other letter."""
LINE_HEIGHT = 1.2
"""Height of a line of text as a share of the font size."""
CLEAR = 3
"""Pixels that a name is nearer to its own mark than to any other."""
AWAY = (18, 26, 36, 48, 62, 78, 96, 116, 138, 164, 192, 224, 260)
"""Distances at which a name is joined to its mark by a line, the nearer the better."""
SHORT = 48
"""The longest such line to a name that is not needed."""
TURNS = 24
"""Directions in which such places are looked for."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


@dataclass(frozen=True)
class Spot:
    """A place for a name: its anchor point, which end of the text is there, and what it covers."""

    x: float
    y: float
    anchor: str
    box: Box


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes have a point in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@dataclass(frozen=True)
class Name:
    """A name that looks for its place.

    Attributes:
        text: what is written.
        x: middle of its mark.
        y: middle of its mark.
        needed: whether it must be written, however far away or whatever is below it.
    """

    text: str
    x: float
    y: float
    needed: bool


@dataclass(frozen=True)
class Place:
    """Where a name stands, and the line from its mark to it (x1, y1, x2, y2), if it needs one."""

    spot: Spot
    joined: Box | None = None


def text_width(text: str, size: float) -> float:
    """Pixels of a text at that font size, rather too many than too few."""
    shares = {letter: share for letters, share in WIDE.items() for letter in letters}
    return size * sum(shares.get(letter, WIDEST) for letter in text)


def arrange(
    names: Sequence[Name], size: float, within: Box, taken: Sequence[Box]
) -> list[Place | None]:
    """Places for all names: those that are needed first, then the others where there is room.

    A name that no line joins to its mark is nearer to it than to any other mark.

    Args:
        names: one for each mark of the chart.
        size: font size in pixels.
        within: what no name leaves.
        taken: what no name may lie over: the marks and other text.

    Returns:
        A place for each name, in the same order; None for one that is left out.
    """
    covered = list(taken)
    found: list[Place | None] = [None] * len(names)
    for needed in (True, False):
        for index, name in enumerate(names):
            if name.needed != needed:
                continue
            beside = _free_beside(names, index, size, within, covered)
            place = Place(beside) if beside else _further(name, size, within, covered)
            if place:
                covered += [place.spot.box, *(_along(place.joined) if place.joined else ())]
            found[index] = place
    return found


def _free_beside(
    names: Sequence[Name], index: int, size: float, within: Box, covered: Sequence[Box]
) -> Spot | None:
    """The best free place right beside a mark."""
    name = names[index]
    others = [(o.x, o.y) for place, o in enumerate(names) if place != index]
    half = size * LINE_HEIGHT / 2
    gap = ASIDE - 2 + half
    near = [(ASIDE, 0), (-ASIDE, 0), (0, -gap), (0, gap)]
    spots = [_spot(name, x, y, size) for x, y in near]
    free = (
        spot
        for spot in spots
        if _inside(spot.box, within)
        and not any(meet(spot.box, other) for other in covered)
        and all(
            _distance(spot.box, *other) >= _distance(spot.box, name.x, name.y) + CLEAR
            for other in others
        )
    )
    return next(free, None)


def _further(name: Name, size: float, within: Box, covered: Sequence[Box]) -> Place | None:
    """The nearest free place for a name that is joined to its mark.

    Without one, the place that covers least for a name that is needed, and none for another.
    """
    others = [
        box for box in covered if not box[0] < name.x < box[2] or not box[1] < name.y < box[3]
    ]
    best: tuple[int, Place] | None = None
    for away in AWAY if name.needed else (away for away in AWAY if away <= SHORT):
        for turn in range(TURNS):
            angle = 2 * math.pi * turn / TURNS
            spot = _spot(name, away * math.cos(angle), away * math.sin(angle), size)
            left, top, right, bottom = spot.box
            end = min(max(name.x, left), right), min(max(name.y, top), bottom)
            line = (name.x, name.y, *end)
            bad = 10 * sum(meet(spot.box, box) for box in covered)
            bad += 1000 * (not _inside(spot.box, within))
            if not bad:
                steps = _along(line)
                bad = sum(any(meet(step, box) for step in steps) for box in others)
            if best is None or bad < best[0]:
                best = bad, Place(spot, line)
            if not bad:
                return best[1]
    return best[1] if best and name.needed else None


def _spot(name: Name, across: float, down: float, size: float) -> Spot:
    """The place of a name: beside, its edge is so far from the middle of its mark; else its own."""
    width, half = text_width(name.text, size), size * LINE_HEIGHT / 2
    anchor = "middle" if abs(across) < abs(down) / 4 else "start" if across > 0 else "end"
    x, y = name.x + across, name.y + down
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[anchor]
    return Spot(x, y, anchor, (left, y - half, left + width, y + half))


def _along(line: Box) -> list[Box]:
    """Small boxes that cover a line."""
    x1, y1, x2, y2 = line
    steps = max(1, round(math.hypot(x2 - x1, y2 - y1) / 3))
    places = [
        (x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps) for step in range(steps + 1)
    ]
    return [(x - 1, y - 1, x + 1, y + 1) for x, y in places]


def _inside(box: Box, within: Box) -> bool:
    return (
        box[0] >= within[0] and box[1] >= within[1] and box[2] <= within[2] and box[3] <= within[3]
    )


def _distance(box: Box, x: float, y: float) -> float:
    """From a point to the nearest point of a box."""
    across = max(box[0] - x, 0, x - box[2])
    down = max(box[1] - y, 0, y - box[3])
    return math.hypot(across, down)
