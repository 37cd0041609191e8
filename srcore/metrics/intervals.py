"""How sure a mean over images, or over trainings, is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import t

ALPHA = 0.05
"""Significance level: intervals are 95 % ones."""
MIN_GROUPS = 10
"""With fewer scenes there is no interval, and nothing is claimed."""
SMALLEST_P = 1e-12
"""A smaller p-value counts as 0."""


@dataclass(frozen=True)
class Variance:
    """An estimated variance of a mean, in the square of its unit, and its degrees of freedom."""

    value: float
    df: float


def variance_over_groups(values: ArrayLike, groups: ArrayLike) -> Variance:
    """Variance of the mean of `values` when whole groups are what chance has drawn.

    Crops of one photograph are not independent of each other, so deviations are added up within
    a group before they are squared (cluster-robust, Liang and Zeger 1986). The sum of squares is
    corrected for the share of each group in the mean ("CR2"), and the degrees of freedom are
    Satterthwaite's, both by Bell and McCaffrey (2002, Survey Methodology 28), for the case that
    images of one group are alike. With G groups of one size this is the t interval of the G means
    with G − 1 degrees of freedom; a few large groups among many small ones leave fewer.

    Args:
        values: (N,) one value per image.
        groups: (N,) the group of each image; at least two different ones.
    """
    figures = np.asarray(values, float)
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    share = np.bincount(place) / len(figures)
    deviation = np.bincount(place, figures - figures.mean()) / len(figures)
    weight = share**2 / (1 - share)
    expected, df = _moments(share, weight)
    scale = (share @ share) / expected
    return Variance(float(scale * (deviation**2 / (1 - share)).sum()), df)


def _moments(share: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of Σ weight · (group mean − mean)² over group means of variance 1, and its df.

    The form's matrix is B = (I − 1 shareᵀ)ᵀ diag(weight) (I − 1 shareᵀ); the mean is its trace and
    the degrees of freedom tr(B)² / tr(B²), written out so that no G × G matrix is needed.
    """
    total, both, squares = weight.sum(), weight @ share, share @ share
    trace = total - 2 * both + total * squares
    of_square = (
        weight @ weight * (1 + 2 * squares)
        + 2 * both**2
        + (total * squares) ** 2
        - 4 * (weight**2 @ share)
        + 2 * total * (weight @ share**2)
        - 4 * total * both * squares
    )
    return float(trace), float(trace**2 / of_square)


def variance_over_seeds(means: ArrayLike) -> Variance:
    """Variance of the mean of `means` (S,), one value per training; S − 1 degrees of freedom."""
    figures = np.asarray(means, float)
    return Variance(float(figures.var(ddof=1)) / len(figures), len(figures) - 1)


def half_width(variances: Sequence[Variance], alpha: float = ALPHA) -> float:
    """Half the width of the interval of a mean that varies for several independent reasons.

    The root of Σ t² · variance, each t with its own degrees of freedom (Banerjee 1961, Sankhyā
    23): exact where one reason outweighs the others, never too narrow in between. Satterthwaite's
    degrees of freedom for the sum would be too narrow with two or three seeds.
    """
    return sqrt(sum(float(t.isf(alpha / 2, v.df)) ** 2 * v.value for v in variances))


def p_value(mean: float, variances: Sequence[Variance]) -> float:
    """The level at which the interval of `half_width` just reaches zero, two-sided."""
    distance = abs(mean)
    if distance == 0:
        return 1.0
    if half_width(variances, SMALLEST_P) <= distance:
        return 0.0

    def beyond(logarithm: float) -> float:
        return half_width(variances, exp(logarithm)) - distance

    return exp(float(brentq(beyond, log(SMALLEST_P), 0.0)))
