"""All faults, and the table of them that stands in docs/faults.md."""

from collections.abc import Iterator

from faults.archives import ARCHIVES
from faults.download import DOWNLOAD
from faults.fault import Area, Attempt
from faults.intermediates import INTERMEDIATES
from faults.parameters import PARAMETERS
from faults.pictures import PICTURES
from faults.stopped import STOPPED
from faults.through_dvc import THROUGH_DVC
from faults.weights import WEIGHTS

AREAS: list[Area] = [
    DOWNLOAD,
    ARCHIVES,
    PICTURES,
    PARAMETERS,
    WEIGHTS,
    INTERMEDIATES,
    STOPPED,
    THROUGH_DVC,
]

FAULTS: list[Attempt] = [fault for area in AREAS for fault in area.faults]


def lines() -> Iterator[str]:
    """docs/faults.md."""
    yield "# Faults, and what each ends in"
    yield ""
    yield f"{len(FAULTS)} faults"
    for area in AREAS:
        yield ""
        yield f"## {area.title}"
        yield ""
        yield "| fault | met by | ends in | the next run |"
        yield "|---|---|---|---|"
        for fault in area.faults:
            yield fault.row()
