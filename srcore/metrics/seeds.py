"""Several trainings of one network: their tables hold a line for each seed."""

import pandas as pd

from srcore.metrics.table import HEADLINE, measured


def figure_columns(table: pd.DataFrame) -> list[str]:
    """The columns that differ between seeds; every other one but seed tells the lines apart."""
    return [*measured(table.columns), "gain"]


def mean_over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The means of all metrics and of the gain over the lines that differ in seed alone.

    In the order of `table`, without its column seed.
    """
    differing = figure_columns(table)
    keys = [name for name in table.columns if name not in ("seed", *differing)]
    return table.groupby(keys, sort=False, dropna=False)[differing].mean().reset_index()


def spread_over_seeds(part: pd.DataFrame) -> dict[str, float]:
    """How far the trainings of one method differ at one output.

    Returns:
        seeds (their number) and gain_spread: the standard deviation (n − 1) between them of the
        mean gain over images, in dB. It is that of their PSNR too, as the baseline has no seed.
        Nothing with a single seed.
    """
    means = part.groupby("seed")[HEADLINE].mean()
    if len(means) < 2:
        return {}
    return {"seeds": len(means), "gain_spread": float(means.std())}
