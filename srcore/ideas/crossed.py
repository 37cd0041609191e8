"""Whether two networks differ, seen over seeds and over scenes at once.

A difference between two networks is measured for every seed on every scene (the mean over its
images, where it has several). Seeds and scenes are both samples, and crossed: each seed meets every
scene. So a difference is modelled as mean + seed + scene + rest, all three at random (Searle,
Casella and McCulloch, Variance Components, 1992), and
the variance of the mean is

    MS_seed / (seeds · scenes)  +  (MS_scene − MS_rest) / (seeds · scenes)

from the mean squares of the two-way table; the same sum as two-way clustering (Cameron, Gelbach and
Miller 2011), for what Owen (2007) calls the pigeonhole model. The first term has seeds − 1
degrees of freedom, four with five seeds, and the second scenes − 1; `srcore.metrics.intervals` puts
them together. Simulated with five seeds and 165 scenes, it calls 3 to 5 % of null effects
significant at 5 %; tests/ideas/test_crossed.py sees that it stays within 2 % of that level.
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import nct

from srcore.metrics.intervals import ALPHA, Variance, half_width, p_value
from srcore.metrics.paired import Difference

MIN_SEEDS = 5
"""With fewer an interval is too wide to claim anything by."""
POWER = 0.8
"""Share of real effects that should be found."""
MANY = 1e4
"""Degrees of freedom from which t is as good as normal."""


@dataclass(frozen=True)
class Effect:
    """A mean difference with what is known of it.

    Attributes:
        mean: over seeds and scenes, in the unit of the differences.
        of_seeds: the part of its variance that other seeds would move.
        of_scenes: the part that other scenes would move, at least 0.
        seeds: number of seeds.
        scenes: number of scenes.
    """

    mean: float
    of_seeds: float
    of_scenes: float
    seeds: int
    scenes: int

    @property
    def variances(self) -> list[Variance]:
        """Both parts with their degrees of freedom."""
        return [
            Variance(self.of_seeds, self.seeds - 1),
            Variance(self.of_scenes, self.scenes - 1),
        ]

    @property
    def standard_error(self) -> float:
        """Standard error of the mean."""
        return sqrt(self.of_seeds + self.of_scenes)

    @property
    def df(self) -> float:
        """Degrees of freedom of `standard_error`, after Satterthwaite (1946)."""
        squares = self.of_seeds**2 / (self.seeds - 1) + self.of_scenes**2 / (self.scenes - 1)
        return (self.of_seeds + self.of_scenes) ** 2 / squares if squares else inf

    def half_width(self, alpha: float = ALPHA) -> float:
        """Half the width of the interval that misses the true difference in `alpha` of cases."""
        return half_width(self.variances, alpha)

    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % interval."""
        half = self.half_width()
        return self.mean - half, self.mean + half

    @cached_property
    def p(self) -> float:
        """The level at which the interval just reaches zero: the two-sided p-value."""
        return p_value(self.mean, self.variances)

    def difference(self) -> Difference:
        """As the study's other comparisons, for `srcore.metrics.holm`."""
        return Difference(self.mean, *self.interval(), self.scenes, self.scenes, self.seeds, self.p)

    def detectable(self, alpha: float = ALPHA) -> float:
        """The smallest true difference that a test at level `alpha` finds with power `POWER`.

        From the noncentral t, since the error that a repetition would find varies as well.
        """
        if self.standard_error == 0:
            return 0.0
        critical, df = self.half_width(alpha) / self.standard_error, min(self.df, MANY)

        def short_of(shift: float) -> float:
            return float(nct.sf(critical, df, shift)) - POWER

        return float(brentq(short_of, 0.0, 3 * critical + 9)) * self.standard_error


def effect(differences: ArrayLike) -> Effect:
    """The mean difference between two networks and what moves it.

    Args:
        differences: (seeds, scenes), the same seeds and scenes for both networks; at least two of
            each.

    Raises:
        ValueError: fewer than two seeds or scenes.
    """
    table: NDArray[np.float64] = np.asarray(differences, np.float64)
    seeds, scenes = table.shape
    if seeds < 2 or scenes < 2:
        raise ValueError(f"{seeds} seeds and {scenes} scenes: two of each are needed")
    mean = table.mean()
    of_seed, of_scene = table.mean(axis=1) - mean, table.mean(axis=0) - mean
    rest = table - mean - of_seed[:, None] - of_scene
    ms_seed = scenes * float((of_seed**2).sum()) / (seeds - 1)
    ms_scene = seeds * float((of_scene**2).sum()) / (scenes - 1)
    ms_residual = float((rest**2).sum()) / ((seeds - 1) * (scenes - 1))
    count = seeds * scenes
    return Effect(
        float(mean), ms_seed / count, max(ms_scene - ms_residual, 0.0) / count, seeds, scenes
    )
