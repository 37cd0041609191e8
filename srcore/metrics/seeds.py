"""Several trainings of one network: their tables hold a line for each seed."""

import pandas as pd

FIGURES = ["psnr", "ssim", "gain"]
"""The columns that differ between seeds; every other one but seed tells the lines apart."""


def mean_over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The means of psnr, ssim and gain over the lines that differ in seed alone.

    In the order of `table`, without its column seed.
    """
    keys = [name for name in table.columns if name not in ("seed", *FIGURES)]
    return table.groupby(keys, sort=False, dropna=False)[FIGURES].mean().reset_index()


def spread_over_seeds(part: pd.DataFrame) -> dict[str, float]:
    """How far the trainings of one method differ at one output.

    Returns:
        seeds (their number), psnr_spread and gain_spread: standard deviations (n − 1) between them
        of the mean over images, in dB, the same for both, as the baseline has no seed. Nothing
        with a single seed.
    """
    means = part.groupby("seed")["psnr"].mean()
    if len(means) < 2:
        return {}
    spread = float(means.std())
    return {"seeds": len(means), "psnr_spread": spread, "gain_spread": spread}
