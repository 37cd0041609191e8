"""Whether one method is better than another on the same images, or one state of it than another.

The tables, the report page and the reviews judge by this one function.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from srcore.metrics.intervals import (
    ALPHA,
    MIN_GROUPS,
    Variance,
    half_width,
    p_value,
    variance_over_groups,
    variance_over_seeds,
)


@dataclass(frozen=True)
class Difference:
    """A mean difference, paired by image: positive where the first of two is better.

    Attributes:
        mean: mean over the images that both have, and over the seeds.
        low: lower end of its 95 % interval; None where scenes are too few for one.
        high: upper end.
        images: number of those images.
        groups: number of their scenes.
        seeds: trainings behind it, the fewer of the two sides; 0 where nothing was trained.
        p: two-sided p-value, of this comparison alone or (`srcore.metrics.holm`) among others;
            None where there is no interval.
    """

    mean: float
    low: float | None
    high: float | None
    images: int
    groups: int
    seeds: int = 0
    p: float | None = None

    @property
    def verdict(self) -> Literal["same", "better", "worse", "noise", "few"]:
        """What may be said of it.

        `same`: there is none. `few`: too few scenes to say anything. `noise`: other images, or
        other seeds where several are known, might reverse it.
        """
        if self.low == self.mean == self.high == 0:
            return "same"
        if self.p is None:
            return "few"
        if self.p >= ALPHA:
            return "noise"
        return "better" if self.mean > 0 else "worse"

    @property
    def significant(self) -> bool:
        """Whether it is more than noise."""
        return self.verdict in ("better", "worse")

    @property
    def one_training(self) -> bool:
        """Whether a side is a single training: how its other seeds would have done is not known."""
        return self.seeds == 1

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.verdict == "few":
            return f"{self.groups} scene{'s' * (self.groups > 1)}: too few to tell"
        if self.significant and self.one_training:
            return f"{self.verdict} in these trainings"
        return self.verdict


def paired_difference(
    ours: pd.DataFrame, theirs: pd.DataFrame, figure: str = "gain"
) -> Difference | None:
    """By how much `ours` is better than `theirs` on the images that both have.

    Chance has drawn two things: images (whole scenes) and, where a network was trained with
    several seeds, its trainings; the interval allows for both (`half_width`). Trainings with the
    same seeds on both sides saw the same batches and are compared in pairs. One training beside
    several is taken to vary with its seed as they do, which may be wrong. With one training of
    each side, nothing is known of other seeds: the interval allows for images alone.

    Args:
        ours: one row per image and seed, with image, group, seed (missing for a method that is
            not trained) and `figure`.
        theirs: the same of another method, or of another state of the project.
        figure: the column to compare; more is better.

    Returns:
        The difference; None when the two have no image in common.
    """
    common = set(ours["image"]) & set(theirs["image"])
    if not common:
        return None
    ours, theirs = (side[side["image"].isin(common)] for side in (ours, theirs))
    group = ours.drop_duplicates("image").set_index("image")["group"]
    values = ours.groupby("image")[figure].mean() - theirs.groupby("image")[figure].mean()
    trained = [means for side in (ours, theirs) if len(means := _by_seed(side, figure))]
    seeds = min(map(len, trained), default=0)
    mean, groups = float(values.mean()), int(group.nunique())
    if values.eq(0).all():
        return Difference(0.0, 0.0, 0.0, len(values), groups, seeds, 1.0)
    if groups < MIN_GROUPS:
        return Difference(mean, None, None, len(values), groups, seeds)
    variances = [variance_over_groups(values, group.loc[values.index])]
    if any(len(means) > 1 for means in trained):
        variances += _between_trainings(trained)
    half, p = half_width(variances), p_value(mean, variances)
    return Difference(mean, mean - half, mean + half, len(values), groups, seeds, p)


def _by_seed(side: pd.DataFrame, figure: str) -> "pd.Series[float]":
    """Seed → mean over the images; empty where nothing was trained."""
    return side.groupby("seed")[figure].mean()


def _between_trainings(trained: list["pd.Series[float]"]) -> list[Variance]:
    first, *second = trained
    if second and first.index.equals(second[0].index):
        return [variance_over_seeds(first - second[0])]
    known = [variance_over_seeds(means) for means in trained if len(means) > 1]
    if len(known) == len(trained):
        return known
    (several,) = known
    seeds = several.df + 1
    return [Variance(several.value * (seeds + 1), several.df)]  # s²/S, and s² of the one
