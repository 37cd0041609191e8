"""Write the report page: figures, curves and pictures in one file that opens offline."""

from pathlib import Path

from srcore.files import atomic
from srcore.page.results import read_results
from srcore.params import load_params
from srcore.report import render
from srcore.stage import main


def run() -> None:
    page = render(read_results(Path(), load_params()))
    with atomic(Path("plots/report.html")) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(run)
