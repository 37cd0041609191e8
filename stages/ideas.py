"""Tell from the record of the experiment what each idea is worth, by table, drawing and page."""

from srcore.common import paths
from srcore.common.files import atomic
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.ideas.contrasts import contrasts, gains
from srcore.ideas.notes import note, note_of_curves
from srcore.ideas.runs import read_runs
from srcore.ideas.tables import markdown, tables
from srcore.reporting.curves import draw_curves
from srcore.reporting.forest import draw_ideas
from srcore.reporting.ideas import render


def run() -> None:
    runs = read_runs(paths.DATA / "ideas")
    table, over, below = contrasts(runs), gains(runs), note(runs)
    write_table(paths.PLOTS / "ideas.csv", table)
    write_table(paths.PLOTS / "ideas_gains.csv", over)
    shown = tables(table, over)
    forest, curves = paths.PLOTS / "ideas.png", paths.PLOTS / "ideas_curves.png"
    draw_ideas(table, over, below, forest)
    draw_curves(runs, note_of_curves(runs), curves)
    with atomic(paths.PLOTS / "ideas.md") as partial:
        partial.write_text(markdown(shown), encoding="utf-8", newline="\n")
    with atomic(paths.PLOTS / "ideas.html") as partial:
        partial.write_text(render(shown, below, forest, curves), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(run)
