"""Quality on the validation images after every epoch."""

from srcore.evaluation.tables import OURS
from srcore.inference.baselines import BASELINE
from srcore.metrics.table import HEADLINE
from srcore.reporting.page.charts import Line, curves, reference_swatch
from srcore.reporting.page.plots.group import Chart, Group, by_seed, label, legend
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import without_start


def groups(results: Results) -> list[Group]:
    """One chart a size, all models in it, above or below the height of bicubic."""
    table = results.training[results.training["run"] == OURS]
    charts: list[Chart] = []
    for output in results.outputs:
        lines: list[Line] = []
        said: list[str] = []
        for style, model in enumerate(results.models):
            part = table[(table["model"] == model) & (table["output"] == output)]
            for curve in by_seed(part, "psnr"):
                name = label(results, model)
                lines.append(Line(style, curve, name))
                said.append(f"{name} ends at {curve[-1][1]:.2f} dB")
        # The tables know bicubic's figure on the images that networks are evaluated by.
        bicubic = (
            float(results.metrics[BASELINE][output][HEADLINE])
            if results.part == "validation"
            else None
        )
        if lines:
            side = results.side(output)
            beside = "" if bicubic is None else f"; bicubic {bicubic:.2f} dB"
            alternative = (
                f"PSNR on the validation images at {side} pixels{beside}. {'; '.join(said)}."
            )
            references = [] if bicubic is None else [bicubic]
            heights = without_start([[y for _, y in line.points] for line in lines], references)
            drawing = curves(lines, alternative, ("epoch", "PSNR, dB"), heights, bicubic)
            charts.append(Chart(f"{side} × {side}", "", drawing))
    swatches = legend(results)
    if results.part == "validation":
        swatches.append((reference_swatch(), BASELINE))
    text = (
        "Each curve is the mean PSNR of the validation images after each epoch. Higher is better. "
        "Very low values of the first epochs may be outside the chart."
    )
    return [Group("Quality on the validation images", text, charts, swatches)]
