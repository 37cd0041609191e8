"""Tell from the record of the experiment what each idea is worth, by table and drawing."""

from srcore.common import paths
from srcore.common.files import atomic
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.ideas.contrasts import contrasts, gains, note
from srcore.ideas.markdown import markdown
from srcore.ideas.runs import read_runs
from srcore.reporting.forest import draw_curves, draw_ideas


def run() -> None:
    runs = read_runs(paths.DATA / "ideas")
    table, over, below = contrasts(runs), gains(runs), note(runs)
    write_table(paths.PLOTS / "ideas.csv", table)
    write_table(paths.PLOTS / "ideas_gains.csv", over)
    with atomic(paths.PLOTS / "ideas.md") as partial:
        partial.write_text(markdown(table, over), encoding="utf-8", newline="\n")
    draw_ideas(table, over, below, paths.PLOTS / "ideas.png")
    draw_curves(runs.curves, below, paths.PLOTS / "ideas_curves.png")


if __name__ == "__main__":
    main(run)
