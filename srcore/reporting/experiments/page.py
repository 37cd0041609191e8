"""The page of experiments: the table, and the gain against every parameter that was varied."""

from typing import Any

from srcore.features.labels import RANDOM
from srcore.reporting.document import environment, policy, source
from srcore.reporting.experiments.against import Against, Series, against
from srcore.reporting.experiments.table import Row, Table, numbers
from srcore.reporting.page.charts import swatch
from srcore.reporting.page.svg import signed


def render(table: Table) -> str:
    """The whole page as HTML, one file that opens offline."""
    pages = environment()
    style = source(pages, "report.css")
    sides = {
        output: side
        for output, side in table.sides.items()
        if any(output in row.cells for row in table.rows)
    }
    return pages.get_template("experiments.html.j2").render(
        style=style,
        policy=policy(style),
        random=RANDOM,
        table=table,
        sides=sides,
        signed=signed,
        swatch=swatch,
        charts=[chart for output in sides for chart in _charts(table, output)],
    )


def _charts(table: Table, output: str) -> list[dict[str, Any]]:
    """One chart for each parameter that is a number."""
    found: list[dict[str, Any]] = []
    for place, key in enumerate(table.settings):
        rows = [row for row in table.rows if output in row.cells]
        if not rows or not numbers([row.settings[place] for row in rows]):
            continue
        # Of all rows, so that a network looks the same in the charts of both outputs.
        models = list(dict.fromkeys(row.model for row in table.rows))
        series = [
            Series(style, model, points)
            for style, model in enumerate(models)
            if (points := [_point(row, place, output) for row in rows if row.model == model])
        ]
        figures = "; ".join(
            f"{one.name}: " + ", ".join(f"{signed(p.y)} dB at {p.x:g}" for p in one.points)
            for one in series
        )
        label = f"Gain over bicubic at {table.sides[output]} against {key}. {figures}."
        # Where another parameter differs too, a line would join what is not comparable.
        joined = len(table.settings) == 1
        drawing = against(series, label, (key, "gain over bicubic, dB"), joined=joined)
        title = f"At {table.sides[output]}: {key}"
        found.append({"title": title, "drawing": drawing, "series": series})
    return found


def _point(row: Row, place: int, output: str) -> Against:
    cell = row.cells[output]
    return Against(float(row.settings[place]), cell.gain, cell.low, cell.high, row.experiment)
