"""Whether one method is better than another on the same images, or one state of it than another.

The report page and the reviews judge by this one function.
"""

from dataclasses import dataclass
from math import hypot
from typing import Literal

import pandas as pd

from srcore.metrics.intervals import FEW_GROUPS, mean_interval


@dataclass(frozen=True)
class Difference:
    """A mean difference in dB, paired by image: positive where the first of two is better.

    Attributes:
        mean: mean over the images that both have.
        low: lower end of its 95 % bootstrap interval.
        high: upper end.
        images: number of those images.
        groups: number of their scenes.
        spread: by how much two trainings of the two differ for their seeds alone, as a standard
            deviation; 0 where it is not known or there is nothing to train.
    """

    mean: float
    low: float
    high: float
    images: int
    groups: int
    spread: float = 0.0

    @property
    def verdict(self) -> Literal["same", "better", "worse", "noise", "seeds", "few"]:
        """What may be said of it.

        `same`: there is none. `few`: on so few scenes the interval is too rough to say anything.
        `noise`: the interval includes zero. `seeds`: other seeds alone might have made as much of a
        difference.
        """
        if self.low == self.mean == self.high == 0:
            return "same"
        if self.groups < FEW_GROUPS:
            return "few"
        if self.low <= 0 <= self.high:
            return "noise"
        if abs(self.mean) < self.spread:
            return "seeds"
        return "better" if self.mean > 0 else "worse"

    @property
    def told(self) -> bool:
        """Whether it is more than noise."""
        return self.verdict in ("better", "worse")

    @property
    def words(self) -> str:
        """The verdict in words."""
        if self.verdict == "few":
            return f"{self.groups} scene{'s' * (self.groups > 1)}: too few to tell"
        return "noise: below the seeds’ spread" if self.verdict == "seeds" else self.verdict


def paired_difference(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    resamples: int,
    spreads: tuple[float, float] = (0.0, 0.0),
) -> Difference | None:
    """By how much `ours` is better than `theirs` on the images that both have.

    With several seeds an image's gain is the mean over them, so what is resampled is images
    (whole scenes, see `mean_interval`), and the interval says how other images might have turned
    out. How other seeds might have turned out is a second question, answered by the spread beside.

    Args:
        ours: one line an image with image, group and gain (dB).
        theirs: the same of another method, or of another state of the project.
        resamples: bootstrap resamples behind the interval.
        spreads: standard deviation over seeds of the mean gain of both, in dB, 0 with one seed.

    Returns:
        The difference; None when the two have no image in common.
    """
    both = ours[["image", "group", "gain"]].merge(
        theirs[["image", "gain"]], on="image", validate="1:1"
    )
    if both.empty:
        return None
    values = both["gain_x"] - both["gain_y"]
    low, high = mean_interval(values, both["group"], resamples)
    scenes = both["group"].nunique()
    return Difference(float(values.mean()), low, high, len(both), scenes, hypot(*spreads))
