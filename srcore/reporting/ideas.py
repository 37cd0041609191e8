"""The page of the experiment on the ideas: its drawings and tables. It opens offline."""

from collections.abc import Sequence
from pathlib import Path

from srcore.ideas.tables import Table
from srcore.reporting.document import embedded, environment, policy, source

REMEDY = "run `dvc repro --single-item --force stages/dvc.yaml:ideas`"


def render(tables: Sequence[Table], note: str, forest: Path, curves: Path) -> str:
    """The page as HTML.

    Args:
        tables: what `srcore.ideas.tables.tables` gave.
        note: what was trained on what.
        forest: the drawing of every contrast and gain, a PNG file.
        curves: the drawing of the held-out curves of the original study's networks.

    Raises:
        StudyError: a drawing is no whole PNG file.
    """
    pages = environment()
    style = source(pages, "report.css")
    return pages.get_template("ideas.html.j2").render(
        tables=tables,
        note=note,
        forest=embedded(forest, REMEDY),
        curves=embedded(curves, REMEDY),
        policy=policy(style),
        style=style,
    )
