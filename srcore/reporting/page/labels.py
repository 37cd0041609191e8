"""Where the names of marks stand in a chart, so that they lie over nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from srcore.reporting.page.svg import BOTTOM, HEIGHT, LEFT, WIDTH

LETTER = 6.2
"""Pixels of an average letter."""
ASIDE = 9
"""Pixels from the middle of a mark to a name beside it."""
SHIFTS = (0, -14, 14, -24, 24, -36, 36)
"""How far a name beside a mark may stand above or below it, the nearer the better."""
NEAREST = 4
"""Places right beside, above and below a mark; at those further away a name needs a colour."""
HALF = 7
"""Half the height of a line of text."""
NAME, MARK, LINE, OUTSIDE = 10, 6, 2, 20
"""How bad it is to lie over a name, a mark or a line, or to leave the chart."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


@dataclass(frozen=True)
class Spot:
    """A place for a name: its anchor point, which end of the text is there, and what it covers."""

    x: float
    y: float
    anchor: str
    box: Box


@dataclass
class Labels:
    """The names of one chart.

    Attributes:
        taken: what a name should not lie over, and how bad it would be.
    """

    taken: list[tuple[Box, int]] = field(default_factory=list)

    def keep_free(self, box: Box, weight: int) -> None:
        """Let names stand elsewhere."""
        self.taken.append((box, weight))

    def place(self, x: float, y: float, letters: int, ends: tuple[float, float]) -> Spot:
        """Find the place for a name at which it lies over least, and keep it free.

        Args:
            x: middle of the mark.
            y: middle of the mark.
            letters: length of the name.
            ends: top and bottom of the mark's interval, beyond which the name may stand as well.
        """
        spot = min(_spots(x, y, LETTER * letters, ends), key=lambda spot: self._overlap(spot.box))
        self.keep_free(spot.box, NAME)
        return spot

    def free(self, x: float, y: float, letters: int) -> Spot | None:
        """A place next to a mark where a name lies over nothing; None without one."""
        near = list(_spots(x, y, LETTER * letters, (y, y)))[:NEAREST]
        spot = next((spot for spot in near if not self._overlap(spot.box)), None)
        if spot:
            self.keep_free(spot.box, NAME)
        return spot

    def _overlap(self, box: Box) -> float:
        left, top, right, bottom = box
        outside = left < LEFT or right > WIDTH - 2 or top < 2 or bottom > HEIGHT - BOTTOM + 4
        return OUTSIDE * outside + sum(weight for other, weight in self.taken if meet(box, other))


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes have a point in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _spots(x: float, y: float, width: float, ends: tuple[float, float]) -> Iterator[Spot]:
    """Places for a name of that width, the better first."""
    heights = [(y + shift, at, anchor) for shift in SHIFTS for at, anchor in _sides(x)]
    above_below = [(y - HALF - 8, x, "middle"), (y + HALF + 8, x, "middle")]
    beyond = [(ends[0] - HALF - 3, x, "middle"), (ends[1] + HALF + 3, x, "middle")]
    for height, at, anchor in (*heights[:2], *above_below, *heights[2:], *beyond):
        left = at - width * {"start": 0, "middle": 0.5, "end": 1}[anchor]
        yield Spot(at, height, anchor, (left, height - HALF, left + width, height + HALF))


def _sides(x: float) -> tuple[tuple[float, str], tuple[float, str]]:
    return (x + ASIDE, "start"), (x - ASIDE, "end")
