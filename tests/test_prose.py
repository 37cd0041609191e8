"""What `make lint` finds in the prose of the docs."""

import pytest

pytest.importorskip("proselint", reason="it comes with the extra dev")

from prose import LONGEST, problems, prose
from proselint.checks import __register__
from proselint.registry import CheckRegistry


@pytest.fixture(autouse=True, scope="module")
def checks():
    CheckRegistry().register_many(__register__)


def test_what_is_no_prose_is_not_read():
    text = "Say `the report's` once.\n\n    the report's\n\n| the report |\n\n```\nso so\n```\n"
    assert "report" not in prose(text)
    assert prose(text).count("\n") == text.count("\n")
    assert list(problems(text)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Fine.\n\nIt follows the report's recipe.", "say 'the original study'"),
        ("Fine.\n\nSee see the page.", "a phrase is repeated"),
        (
            "Fine.\n\n" + " ".join(f"word{n}" for n in range(LONGEST + 1)) + ".",
            "can be read at once",
        ),
    ],
)
def test_a_problem_is_reported_with_its_line(text, said):
    ((line, message),) = problems(text)
    assert line == 3
    assert said in message
