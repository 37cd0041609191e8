"""The interval of a mean as `srcore.metrics.paired` makes it, for one column of figures."""

import numpy as np
from numpy.typing import ArrayLike

from srcore.metrics.intervals import MIN_GROUPS, half_width, variance_over_groups


def mean_interval(values: ArrayLike, groups: ArrayLike) -> tuple[float, float] | None:
    """95 % interval of the mean of `values` over images.

    Args:
        values: (N,) one value per image.
        groups: (N,) the group of each image.

    Returns:
        Lower and upper end, in the unit of `values`; None with fewer than `MIN_GROUPS` groups.
    """
    if len(np.unique(np.asarray(groups))) < MIN_GROUPS:
        return None
    mean = float(np.asarray(values, float).mean())
    half = half_width([variance_over_groups(values, groups)])
    return mean - half, mean + half
