"""Write the report page: figures, curves and images in one file that opens offline."""

from pathlib import Path

from srcore.common import paths
from srcore.common.files import atomic
from srcore.common.stage import main
from srcore.params import load_params
from srcore.reporting.page.render import render
from srcore.reporting.page.results import read_results


def run() -> None:
    page = render(read_results(Path(), load_params()))
    with atomic(paths.PAGE) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(run)
