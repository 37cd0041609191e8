"""Training losses: 1/PSNR beside the original study's, and whatever else trained a network."""

from markupsafe import Markup

from srcore.evaluation.tables import OURS, REPORT, SHARED
from srcore.reporting.page.charts import Line, curves, swatch
from srcore.reporting.page.plots.group import Chart, Group, by_seed, label
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import listed, without_start

LOSSES: dict[str, str] = {SHARED: "1/PSNR", "l1": "L1", "l1_fft": "L1 and spectrum"}
"""Name of a training loss → how it is written; another is written as it is named."""
DESCRIBED = {"l1_fft": "L1 plus a weighted difference of the Fourier spectra of output and target"}
"""Name of a training loss → what it is, where the name that is written says too little."""


def groups(results: Results) -> list[Group]:
    """1/PSNR for all, then a group for each other loss."""
    return [_shared(results), *_own_losses(results)]


def _shared(results: Results) -> Group:
    """1/PSNR on the training images, whatever the loss; the original study's beside ours."""
    charts = _loss_charts(results, results.models, SHARED, LOSSES[SHARED])
    text = (
        "Each curve is the mean of 1/PSNR over the training images of an epoch. It is also "
        "shown for networks that were trained with another loss. Lower is better. Very high "
        "values of the first epochs may be outside the chart. The original study used 4,011 "
        "training images of VOC2007. If this run used other images, compare the shapes of the "
        "curves, not their heights."
    )
    drawn = results.training.loc[results.training["model"].isin(results.models), "run"]
    runs = tuple(run for run in (OURS, REPORT) if run in set(drawn))
    return Group("Training: 1/PSNR", text, charts, _loss_legend(results, runs))


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
        loss = DESCRIBED.get(criterion, name)
        text = (
            f"Each curve is the mean training loss of {listed(models)} in an epoch. This loss is "
            f"{loss}. Lower is better."
        )
        groups.append(Group(f"Training: {name}", text, charts, _loss_legend(results, (OURS,))))
    return groups


def _loss_charts(results: Results, models: list[str], column: str, axis: str) -> list[Chart]:
    """One chart a model, all of one height; the original study's curves where there are any."""
    table = results.training[results.training["model"].isin(models)]
    if column != SHARED:
        table = table[table["run"] == OURS]
    every = [
        curve
        for _, part in table.groupby(["model", "output", "run"])
        for curve in by_seed(part, column)
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
                for curve in by_seed(part, column):
                    name = f"{results.side(output)} pixels, {_named(run)}"
                    lines.append(Line(style, curve, name, dashed=run == REPORT))
                    said.append(f"{name}: from {curve[0][1]:.4f} to {curve[-1][1]:.4f}")
        if lines:
            text = f"{axis} of {label(results, model)} in training. {'; '.join(said)}."
            drawing = curves(lines, text, ("epoch", axis), shared)
            charts.append(Chart(model, results.weights(model), drawing))
    return charts


def _named(run: str) -> str:
    """A run as the page names it; in tables of figures the original study is `report`."""
    return "the original study" if run == REPORT else run


def _loss_legend(results: Results, runs: tuple[str, ...]) -> list[tuple[Markup, str]]:
    sides = {output: results.side(output) for output in results.outputs}
    return [
        (swatch(style, run == REPORT), f"{sides[output]} × {sides[output]}, {_named(run)}")
        for output, style in (("mid", 6), ("large", 7))
        if output in sides
        for run in runs
    ]
