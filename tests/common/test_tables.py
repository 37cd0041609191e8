"""Tables that are not as they were written are refused, not read as others."""

import pytest

from srcore.common.errors import StudyError
from srcore.common.tables import parse_table, read_table


def test_a_cell_more_in_every_line_is_damaged(tmp_path):
    """pandas would take the first column for an index, and every number for its neighbour's."""
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2,3\n4,5,6\n")
    with pytest.raises(StudyError, match=r"table\.csv: damaged \(its lines have more cells.*; fix"):
        read_table(path, {"a": float, "b": float}, "fix")


def test_a_table_without_lines_is_one():
    assert parse_table("a,b\n", {"a": float}).empty
