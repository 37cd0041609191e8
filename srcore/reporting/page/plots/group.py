"""What the plots of the page are made of: charts, their group, and how models are named."""

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from srcore.reporting.page.charts import swatch
from srcore.reporting.page.results import Results


@dataclass(frozen=True)
class Chart:
    """One chart, its heading, and the frozen weights it depends on."""

    title: str
    weights: str
    drawing: Markup


@dataclass(frozen=True)
class Group:
    """Charts of one kind, what they say in one line, and their legend (swatch, text)."""

    title: str
    text: str
    charts: list[Chart]
    legend: list[tuple[Markup, str]]


def by_seed(part: pd.DataFrame, column: str) -> list[list[tuple[float, float]]]:
    """The curves of each seed; the original study's have none."""
    kept = part.dropna(subset=[column])
    return [
        [(float(x), float(y)) for x, y in zip(one["epoch"], one[column], strict=True)]
        for _, one in kept.groupby("seed", dropna=False, sort=False)
    ]


def legend(results: Results) -> list[tuple[Markup, str]]:
    """A swatch and the name of every model."""
    return [(swatch(style), label(results, model)) for style, model in enumerate(results.models)]


def label(results: Results, model: str) -> str:
    """The name of a model, with its frozen weights."""
    weights = results.weights(model)
    return f"{model} ({weights})" if weights else model
