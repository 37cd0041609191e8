"""How sure a mean over images is."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

RESAMPLES_AT_ONCE = 256
"""Resamples drawn together; bounds the memory."""

FEW_GROUPS = 10
"""With fewer groups an interval is too rough to call anything more than noise."""


def mean_interval(
    values: ArrayLike, groups: ArrayLike, resamples: int, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of `values`.

    Whole groups are drawn, since crops of one photograph are not independent of each other; where
    every image is its own group this is the ordinary bootstrap (Efron and Tibshirani 1993).
    With few groups the interval is rough.

    Args:
        values: (N,) one figure an image.
        groups: (N,) the group of each image.
        resamples: number of resamples.
        seed: seed of the resampling.

    Returns:
        Lower and upper end, in the unit of `values`.
    """
    table = pd.DataFrame({"value": np.asarray(values, float), "group": np.asarray(groups)})
    grouped = table.groupby("group")["value"]
    sums, counts = grouped.sum().to_numpy(), grouped.count().to_numpy()
    random = np.random.default_rng(seed)
    means: list[np.ndarray] = []
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        shape = (min(RESAMPLES_AT_ONCE, resamples - start), len(sums))
        drawn = random.integers(len(sums), size=shape)
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)
