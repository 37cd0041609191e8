"""Whether two networks differ, seen over seeds and over images at once.

A difference between two networks is measured for every seed on every image. Seeds and images are
both samples, and crossed: each seed meets every image. So a difference is modelled as mean + seed +
image + rest, all three at random (Searle, Casella and McCulloch, Variance Components, 1992), and
the variance of the mean is

    MS_seed / (seeds · images)  +  (MS_image − MS_rest) / (seeds · images)

from the mean squares of the two-way table; the same sum as two-way clustering (Cameron, Gelbach and
Miller 2011), for what Owen (2007) calls the pigeonhole model. The first term has seeds − 1
degrees of freedom, four with five seeds, and the second images − 1. Half the width of the interval
is the root of the sum of t² · variance (Banerjee 1961, Sankhyā 23): never too narrow, neither with
few seeds nor far out where Holm's adjustment tests. Simulated with five seeds and 165 images, it
calls 3.5 to 5 % of null effects significant at 5 %; Satterthwaite's degrees of freedom for the
sum would call up to 6 %, and up to 13 % with two seeds. tests/ideas/test_crossed.py repeats it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import nct, t

FEWEST_SEEDS = 5
"""With fewer an interval is too wide to claim anything by."""
LEVEL, POWER = 0.05, 0.8
"""Share of null effects that may be called significant, and of real ones that should be found."""
SMALLEST_P = 1e-12
"""A smaller p-value counts as 0."""
MANY = 1e4
"""Degrees of freedom from which t is as good as normal."""


@dataclass(frozen=True)
class Effect:
    """A mean difference with what is known of it.

    Attributes:
        mean: over seeds and images, in the unit of the differences.
        of_seeds: the part of its variance that other seeds would move.
        of_images: the part that other images would move, at least 0.
        seeds: number of seeds.
        images: number of images.
    """

    mean: float
    of_seeds: float
    of_images: float
    seeds: int
    images: int

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return sqrt(self.of_seeds + self.of_images)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `error`, after Satterthwaite (1946)."""
        squares = self.of_seeds**2 / (self.seeds - 1) + self.of_images**2 / (self.images - 1)
        return (self.of_seeds + self.of_images) ** 2 / squares if squares else inf

    def half_width(self, level: float = LEVEL) -> float:
        """Half the width of the interval that misses the true difference in `level` of cases."""
        parts = ((self.of_seeds, self.seeds), (self.of_images, self.images))
        return sqrt(sum(float(t.isf(level / 2, n - 1)) ** 2 * value for value, n in parts))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Lower and upper end of that interval."""
        half = self.half_width(level)
        return self.mean - half, self.mean + half

    @cached_property
    def p(self) -> float:
        """The level at which the interval just reaches zero: the two-sided p-value."""
        distance = abs(self.mean)
        if distance == 0:
            return 1.0
        if self.half_width(SMALLEST_P) <= distance:
            return 0.0

        def beyond(logarithm: float) -> float:
            return self.half_width(exp(logarithm)) - distance

        return exp(float(brentq(beyond, log(SMALLEST_P), 0.0)))

    def detectable(self, level: float = LEVEL, power: float = POWER) -> float:
        """The smallest true difference that a test at `level` finds with probability `power`.

        From the noncentral t, since the error that a repetition would find varies as well.
        """
        if self.error == 0:
            return 0.0
        critical, freedom = self.half_width(level) / self.error, min(self.freedom, MANY)

        def short_of(shift: float) -> float:
            return float(nct.sf(critical, freedom, shift)) - power

        return float(brentq(short_of, 0.0, 3 * critical + 9)) * self.error


def effect(differences: ArrayLike) -> Effect:
    """The mean difference between two networks and what moves it.

    Args:
        differences: (seeds, images), the same seeds and images for both networks; at least two of
            each.

    Raises:
        ValueError: fewer than two seeds or images.
    """
    table: NDArray[np.float64] = np.asarray(differences, np.float64)
    seeds, images = table.shape
    if seeds < 2 or images < 2:
        raise ValueError(f"{seeds} seeds and {images} images: two of each are needed")
    mean = table.mean()
    of_seed, of_image = table.mean(axis=1) - mean, table.mean(axis=0) - mean
    rest = table - mean - of_seed[:, None] - of_image
    ms_seed = images * float((of_seed**2).sum()) / (seeds - 1)
    ms_image = seeds * float((of_image**2).sum()) / (images - 1)
    ms_rest = float((rest**2).sum()) / ((seeds - 1) * (images - 1))
    count = seeds * images
    return Effect(float(mean), ms_seed / count, max(ms_image - ms_rest, 0.0) / count, seeds, images)


def holm(p: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979): the chance of even one false claim is kept.

    Args:
        p: of all tests that are made together.

    Returns:
        The adjusted ones, in the order given, at most 1.
    """
    adjusted, highest = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        highest = max(highest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = highest
    return adjusted
