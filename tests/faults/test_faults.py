"""Every fault of the table, tried for real."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.fault import Attempt
from faults.project import Lab
from faults.table import FAULTS, lines


def tried(fault: Attempt):
    name = re.sub(r"\W+", "-", f"{fault.command} {fault.what}")
    marks = [pytest.mark.slow] if fault.slow else []
    if fault.command.startswith("dvc "):
        marks.append(pytest.mark.dvc)
    return pytest.param(fault, id=name, marks=marks)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("faults"))
    yield lab
    lab.close()


@pytest.mark.fault
@pytest.mark.parametrize("fault", map(tried, FAULTS))
def test_a_fault_ends_as_the_table_says(fault: Attempt, lab: Lab):
    fault.attempt(lab)


def test_the_table_in_docs_is_what_the_command_prints(root: Path):
    assert (root / "docs/faults.md").read_text() == "\n".join(lines()) + "\n"


def test_no_fault_is_listed_twice():
    assert len({(fault.command, fault.what) for fault in FAULTS}) == len(FAULTS)
