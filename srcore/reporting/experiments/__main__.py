"""The experiments since a commit, side by side: Markdown, and a page that plots them.

`python -m srcore.reporting.experiments main` takes the commit `main`, the commits after it and the
experiments that were run from any of them.
"""

import sys
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.files import atomic
from srcore.common.stage import main
from srcore.reporting.experiments.page import render
from srcore.reporting.experiments.states import read_experiments
from srcore.reporting.experiments.table import compare, markdown

PAGE = Path("plots/experiments.html")
"""The page; git does not track it."""


def _run() -> None:
    if len(sys.argv) > 2:
        raise StudyError("name one commit: make experiments SINCE=main")
    table = compare(*read_experiments(sys.argv[1] if len(sys.argv) == 2 else "HEAD"))
    with atomic(PAGE) as partial:
        partial.write_text(render(table), encoding="utf-8", newline="\n")
    sys.stdout.write(markdown(table) + "\n")
    sys.stderr.write(f"{PAGE}: the same with plots\n")


if __name__ == "__main__":
    main(_run)
