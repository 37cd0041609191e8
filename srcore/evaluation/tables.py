"""The tables of the evaluation, as the page, the reviews and the export read them.

Nothing here needs torch.
"""

from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.tables import Columns, parse_table, read_table
from srcore.metrics.table import HEADLINE, METRICS, OPTIONAL_METRICS

NETWORK, ENSEMBLE, NO_NETWORK = "network", "ensemble", "baseline"
"""Values of the column `kind`: a network of the model set, the mean of one of them over the eight
dihedral transforms, or no network."""

OURS, REPORT = "this study", "report"
"""Values of the column `run` of plots/training.csv."""
SHARED = "inverse_psnr"
"""The original study's loss, 1/PSNR, which stands beside every other, so that recipes compare."""

COSTS = ("parameters", "frozen_parameters", "macs")
METHOD_COLUMNS: Columns = {
    "method": str,
    "kind": str,
    "output": str,
    "weights": str,
    "seeds": None,
    **dict.fromkeys(METRICS, float),
    "gain": float,
    "gain_low": None,
    "gain_high": None,
    "gain_spread": None,
    "wins": None,
    **dict.fromkeys(COSTS, None),
}
"""plots/methods.csv: one row per method and output.

gain is in dB over bicubic, gain_low and gain_high are its 95 % interval, gain_spread its standard
deviation between seeds, wins the share of images with a gain above zero. Metrics of
`srcore.metrics.table.OPTIONAL_METRICS` that were measured have columns after the others.
"""
CHECKPOINT_COLUMNS: Columns = {
    "model": str,
    "seed": float,
    "ours": str,
    "weights": str,
    "sha256": str,
    **dict.fromkeys(COSTS, float),
}
"""plots/models.csv: one row per checkpoint; what it was trained with stands in further columns."""

Figures = dict[str, dict[str, Any]]
"""Method → output → figures, and beside the outputs what the method costs."""

REMEDY = "remove it and run `dvc repro`"


def read_figures(path: Path) -> Figures:
    """plots/methods.csv by name, with the further metrics that it has.

    Raises:
        StudyError: it is missing or damaged.
    """
    known = read_table(path, METHOD_COLUMNS, REMEDY)
    table = known.join(read_table(path, _further(pd.read_csv(path, nrows=0).columns), REMEDY))
    try:
        return figures_of(table)
    except ValueError as error:
        raise StudyError(f"{path}: damaged ({error}); {REMEDY}") from None


def _further(columns: Iterable[str]) -> Columns:
    """Those of the columns that are further metrics, which not every method has to have."""
    return {name: None for name in columns if name in OPTIONAL_METRICS}


def figures_of(methods: pd.DataFrame) -> Figures:
    """plots/methods.csv by name; what a line leaves empty is left out.

    Args:
        methods: with the columns `METHOD_COLUMNS`.

    Raises:
        ValueError: a line does not say what it is of.
    """
    found: Figures = {}
    for line in methods.to_dict("records"):
        filled = {str(key): value for key, value in line.items() if not _empty(value)}
        if missing := [key for key in ("method", "kind", "output") if key not in filled]:
            raise ValueError(f"no {missing[0]} in a line")
        method, output = found.setdefault(filled.pop("method"), {}), filled.pop("output")
        method |= {key: int(filled.pop(key)) for key in COSTS if key in filled}
        method["kind"] = filled.pop("kind")
        if "seeds" in filled:
            filled["seeds"] = int(filled["seeds"])
        method[output] = filled
    return found


def parse_figures(text: str) -> Figures:
    """As `figures_of`, of the csv's text; one of another commit may lack a metric of today's.

    Raises:
        ValueError: why it cannot be used, in a few words.
    """
    given = text.partition("\n")[0].split(",")
    absent = METRICS.keys() - {HEADLINE} - set(given)
    known = {name: kind for name, kind in METHOD_COLUMNS.items() if name not in absent}
    return figures_of(parse_table(text, {**known, **_further(given)}))


def networks_of(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The networks among the methods, in their order."""
    return [name for name, method in figures.items() if method["kind"] == NETWORK]


def read_checkpoints(path: Path) -> pd.DataFrame:
    """plots/models.csv, with every column that it has; those of the training are text.

    Raises:
        StudyError: it is missing or damaged.
    """
    known = read_table(path, CHECKPOINT_COLUMNS, REMEDY)
    further = pd.read_csv(path, nrows=0).columns.difference(list(known.columns), sort=False)
    return known.join(read_table(path, dict.fromkeys(further, str), REMEDY))


def _empty(value: object) -> bool:
    if isinstance(value, float):
        return isnan(value)
    return value is None or value is pd.NA or value == ""
