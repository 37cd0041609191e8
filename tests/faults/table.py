"""All faults, and the table of them that stands in docs/faults.md."""

from collections.abc import Iterator

from faults.archives import ARCHIVES
from faults.benchmark import BENCHMARK
from faults.download import DOWNLOAD
from faults.fault import Area, Attempt
from faults.hostile import HOSTILE
from faults.images import IMAGES
from faults.intermediates import INTERMEDIATES
from faults.parameters import PARAMETERS
from faults.stopped import STOPPED
from faults.supply import SUPPLY
from faults.through_dvc import THROUGH_DVC
from faults.weights import WEIGHTS
from faults.written import WRITTEN

AREAS: list[Area] = [
    DOWNLOAD,
    ARCHIVES,
    IMAGES,
    PARAMETERS,
    WEIGHTS,
    BENCHMARK,
    INTERMEDIATES,
    STOPPED,
    HOSTILE,
    WRITTEN,
    SUPPLY,
    THROUGH_DVC,
]

FAULTS: list[Attempt] = [fault for area in AREAS for fault in area.faults]

INTRODUCTION = """\
Printed by `make faults`. A fault is a tested error case. The table comes from the tests in
`tests/faults/`. Every row is tested with the real program, in a small study of twelve images.
The sign "…" replaces text that differs between machines. No fault ends in a traceback. After an
error, no incomplete file is left, either at the final name or next to it. If a next run is tested,
its output must have the same bytes as that of an undisturbed study. Full and read-only disks are
mounted for these tests. Ordinary users may not do this. Then the tests are skipped, with this
reason.
"""


def lines() -> Iterator[str]:
    """docs/faults.md."""
    yield "# Faults, and what each ends in"
    yield ""
    yield from INTRODUCTION.split("\n")
    yield f"{len(FAULTS)} faults: {', '.join(f'{a.title} {len(a.faults)}' for a in AREAS)}."
    for area in AREAS:
        yield ""
        yield f"## {area.title}"
        yield ""
        yield "| fault | met by | ends in | the next run |"
        yield "|---|---|---|---|"
        for fault in area.faults:
            yield fault.row()
