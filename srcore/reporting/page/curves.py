"""The charts of the report page, filled with the figures of a study."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from srcore.evaluation.tables import OURS, REPORT, SHARED
from srcore.inference.baselines import BASELINE
from srcore.metrics.table import HEADLINE
from srcore.reporting.page.charts import (
    Line,
    Point,
    Row,
    curves,
    distribution,
    reference_swatch,
    scatter,
    swatch,
)
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import short, signed, without_start

LOSSES: dict[str, str] = {SHARED: "1 / PSNR", "l1": "L1"}
"""Name of a training loss → how it is written; another is written as it is named."""
COSTS = (
    ("macs", "MACs", "multiply-accumulates an image"),
    ("parameters", "parameters", "trainable parameters"),
)
"""Column of plots/methods.csv, short name and name of an axis."""


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


def curve_groups(results: Results) -> list[Group]:
    """Training, held-out quality, quality against cost, and gains image by image."""
    groups = [_training(results), *_own_losses(results), _held_out(results)]
    groups += [_costs(results), _gains(results)]
    return [group for group in groups if group.charts]


def _training(results: Results) -> Group:
    """1/PSNR on the training images, whatever the loss, with the report's curves beside ours."""
    charts = _loss_charts(results, results.models, SHARED, LOSSES[SHARED])
    text = (
        "Mean of 1/PSNR over the training images of an epoch, whichever loss trained the network; "
        "lower is better, and steep first epochs may leave the chart. The report trained on 4,011 "
        "images of VOC2007: where ours are others, compare the shapes of curves, not their heights."
    )
    return Group("Training: 1/PSNR", text, charts, _loss_legend(results, (OURS, REPORT)))


def _own_losses(results: Results) -> list[Group]:
    """The loss that trained, for networks that another one than 1/PSNR trained; a group a loss."""
    ours = results.training[results.training["run"] == OURS]
    criteria = ours.groupby("model")["criterion"].first()
    groups: list[Group] = []
    for criterion in dict.fromkeys(map(str, criteria.reindex(results.models).dropna())):
        models = [name for name in results.models if criteria.get(name) == criterion]
        if criterion == SHARED:
            continue
        name = LOSSES.get(criterion, criterion)
        charts = _loss_charts(results, models, "loss", name)
        text = f"Mean of the loss that trained {_listed(models)}, {name}; lower is better."
        groups.append(Group(f"Training: {name}", text, charts, _loss_legend(results, (OURS,))))
    return groups


def _loss_charts(results: Results, models: list[str], column: str, axis: str) -> list[Chart]:
    """One chart a model, all of one height; the report's curves only where it has that figure."""
    table = results.training[results.training["model"].isin(models)]
    if column != SHARED:
        table = table[table["run"] == OURS]
    every = [
        curve
        for _, part in table.groupby(["model", "output", "run"])
        for curve in _by_seed(part, column)
    ]
    shared = without_start([[height for _, height in curve] for curve in every])
    charts: list[Chart] = []
    for model in models:
        of_model = table[table["model"] == model]
        lines: list[Line] = []
        said: list[str] = []
        for output, style in (("mid", 6), ("large", 7)):
            for run in (OURS, REPORT):
                part = of_model[(of_model["output"] == output) & (of_model["run"] == run)]
                for curve in _by_seed(part, column):
                    name = f"{results.side(output)} pixels, {run}"
                    lines.append(Line(style, curve, name, dashed=run == REPORT))
                    said.append(f"{name}: from {curve[0][1]:.4f} to {curve[-1][1]:.4f}")
        if lines:
            label = f"{axis} of {_label(results, model)} in training. {'; '.join(said)}."
            drawing = curves(lines, label, ("epoch", axis), shared)
            charts.append(Chart(model, results.weights(model), drawing))
    return charts


def _loss_legend(results: Results, runs: tuple[str, ...]) -> list[tuple[Markup, str]]:
    return [
        (swatch(style, run == REPORT), f"{results.side(output)} × {results.side(output)}, {run}")
        for output, style in (("mid", 6), ("large", 7))
        if output in results.outputs
        for run in runs
    ]


def _held_out(results: Results) -> Group:
    """One chart a size, all models in it, above or below the height of bicubic."""
    table = results.training[results.training["run"] == OURS]
    charts: list[Chart] = []
    for output in results.outputs:
        lines: list[Line] = []
        said: list[str] = []
        for style, model in enumerate(results.models):
            part = table[(table["model"] == model) & (table["output"] == output)]
            for curve in _by_seed(part, "psnr"):
                name = _label(results, model)
                lines.append(Line(style, curve, name))
                said.append(f"{name} ends at {curve[-1][1]:.2f} dB")
        bicubic = float(results.metrics[BASELINE][output][HEADLINE])
        if lines:
            side = results.side(output)
            label = f"Held-out PSNR at {side} pixels; bicubic {bicubic:.2f} dB. {'; '.join(said)}."
            heights = without_start([[y for _, y in line.points] for line in lines], [bicubic])
            drawing = curves(lines, label, ("epoch", "PSNR, dB"), heights, bicubic)
            charts.append(Chart(f"{side} × {side}", "", drawing))
    legend = [*_legend(results), (reference_swatch(), BASELINE)]
    text = (
        "Mean PSNR of the validation images after each epoch; higher is better, and steep first "
        "epochs may leave the chart."
    )
    return Group("Held-out quality", text, charts, legend)


def _costs(results: Results) -> Group:
    """Gain against multiply-accumulates and against parameters, at each size."""
    charts: list[Chart] = []
    for output in results.outputs:
        for key, short_name, axis in COSTS:
            points: list[Point] = []
            for style, model in enumerate(results.models):
                whole = results.metrics[model]
                if (entry := whole.get(output)) is None:
                    continue
                ends = (entry.get(key, entry["gain"]) for key in ("gain_low", "gain_high"))
                weights = results.weights(model)
                points.append(Point(style, model, weights, whole[key], entry["gain"], *ends))
            side = results.side(output)
            said = "; ".join(
                f"{_label(results, p.name)} {signed(p.y)} dB for {short(p.x)}" for p in points
            )
            label = f"Gain over bicubic at {side} pixels against {axis}. {said}."
            drawing = scatter(points, label, (axis, "gain over bicubic, dB"))
            charts.append(Chart(f"{side} × {side}: {short_name}", "", drawing))
    known = any("gain_low" in entry for entry in _entries(results))
    interval = " with its 95 % interval" if known else ""
    text = (
        f"One mark a model{interval}; up and to the left is better. Work is that of enlarging one "
        "image; what a training costs is another matter."
    )
    return Group("Quality against cost", text, charts, _legend(results))


def _gains(results: Results) -> Group:
    """How the gain spreads over the held-out images."""
    table = results.images
    charts: list[Chart] = []
    for output in results.outputs:
        rows: list[Row] = []
        said: list[str] = []
        for style, model in enumerate(results.models):
            part = table[(table["method"] == model) & (table["output"] == output)]
            gains = part.groupby("image", sort=False)["gain"].mean()
            values = [float(value) for value in gains]
            if values:
                rows.append(Row(style, model, results.weights(model), values))
                median = signed(float(gains.median()))
                ends = f"{signed(min(values))} to {signed(max(values))}"
                said.append(f"{_label(results, model)}: median {median} dB, {ends}")
        side = results.side(output)
        label = f"Gain over bicubic of single images at {side} pixels. {'; '.join(said)}."
        drawing = distribution(rows, label, "gain over bicubic, dB")
        charts.append(Chart(f"{side} × {side}", "", drawing))
    text = (
        f"A dot is one {results.part} image, the mean over seeds; the box holds the middle half, "
        "its line the median."
    )
    return Group("Gain image by image", text, charts, [])


def _entries(results: Results) -> list[dict[str, Any]]:
    """The figures of every model at every output that it has."""
    return [
        results.metrics[name][output]
        for name in results.models
        for output in results.outputs
        if output in results.metrics[name]
    ]


def _by_seed(part: pd.DataFrame, column: str) -> list[list[tuple[float, float]]]:
    """The curves of each seed; the report's have none."""
    kept = part.dropna(subset=[column])
    return [
        [(float(x), float(y)) for x, y in zip(one["epoch"], one[column], strict=True)]
        for _, one in kept.groupby("seed", dropna=False, sort=False)
    ]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _legend(results: Results) -> list[tuple[Markup, str]]:
    return [(swatch(style), _label(results, model)) for style, model in enumerate(results.models)]


def _label(results: Results, model: str) -> str:
    weights = results.weights(model)
    return f"{model} ({weights})" if weights else model
