"""How the gain spreads over the images."""

from srcore.reporting.page.charts import Row, distribution
from srcore.reporting.page.plots.group import Chart, Group, label
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import signed


def groups(results: Results) -> list[Group]:
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
                said.append(f"{label(results, model)}: median {median} dB, {ends}")
        side = results.side(output)
        alternative = f"Gain over bicubic of single images at {side} pixels. {'; '.join(said)}."
        drawing = distribution(rows, alternative, "gain over bicubic, dB")
        charts.append(Chart(f"{side} × {side}", "", drawing))
    text = (
        f"Each dot is the gain on one {results.part} image (with several seeds, their mean). The "
        "box contains the middle 50 % of the images. The line in the box is the median."
    )
    return [Group("Gain image by image", text, charts, [])]
