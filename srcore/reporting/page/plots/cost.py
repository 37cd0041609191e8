"""Quality against cost: work and size."""

from typing import Any

from srcore.reporting.page.charts import Point, scatter
from srcore.reporting.page.plots.group import Chart, Group, label, legend
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import short, signed

COSTS = (
    ("macs", "MACs", "multiply-accumulates, all outputs"),
    ("parameters", "parameters", "trainable parameters"),
)
"""Column of plots/methods.csv, short name and name of an axis."""


def groups(results: Results) -> list[Group]:
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
                f"{label(results, p.name)} {signed(p.y)} dB for {short(p.x)}" for p in points
            )
            alternative = f"Gain over bicubic at {side} pixels against {axis}. {said}."
            drawing = scatter(points, alternative, (axis, "gain over bicubic, dB"))
            charts.append(Chart(f"{side} × {side}: {short_name}", "", drawing))
    known = any("gain_low" in entry for entry in _entries(results))
    interval = " with its 95 % interval" if known else ""
    text = (
        f"Each mark is one model{interval}. Marks higher up and further left are better. "
        "Multiply-accumulates are counted for one image and all outputs of a network together. "
        "The cost of training is not shown."
    )
    return [Group("Quality against cost", text, charts, legend(results))]


def _entries(results: Results) -> list[dict[str, Any]]:
    """The figures of every model at every output that it has."""
    return [
        results.metrics[name][output]
        for name in results.models
        for output in results.outputs
        if output in results.metrics[name]
    ]
