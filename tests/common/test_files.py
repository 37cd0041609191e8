import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srcore.common.files import atomic, fresh_folder, rounded, write_json
from srcore.common.reading import read_json
from srcore.common.tables import write_table


class FailureError(Exception):
    pass


def everything(folder: Path) -> dict[str, str]:
    """Every file below `folder`, hidden ones as well, with its text."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def break_off_file(path: Path, failure: type[BaseException]) -> None:
    with atomic(path) as partial:
        partial.write_text("half")
        raise failure


def break_off_folder(path: Path, failure: type[BaseException]) -> None:
    with fresh_folder(path) as partial:
        (partial / "half.txt").write_text("half")
        raise failure


def test_atomic_writes_and_makes_the_folder(tmp_path):
    with atomic(tmp_path / "a" / "b" / "file.txt") as partial:
        partial.write_text("new")
    assert everything(tmp_path) == {"a/b/file.txt": "new"}


def test_atomic_shows_the_old_file_until_the_block_ends(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with atomic(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert everything(tmp_path) == {"file.txt": "new"}


@pytest.mark.parametrize("failure", [FailureError, KeyboardInterrupt])
def test_atomic_leaves_the_old_file_when_the_block_fails(tmp_path, failure):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(failure):
        break_off_file(path, failure)
    assert everything(tmp_path) == {"file.txt": "old"}


def test_atomic_leaves_nothing_when_the_first_writing_fails(tmp_path):
    with pytest.raises(FailureError):
        break_off_file(tmp_path / "file.txt", FailureError)
    assert everything(tmp_path) == {}


def test_the_next_writer_keeps_what_it_began(tmp_path, monkeypatch):
    """It may begin between the first one's rename and the end of the first one's block."""
    replace = Path.replace

    def replace_then_begin(self, target):
        replace(self, target)
        if target.suffix == ".txt":
            self.write_text("the next writer's")
        else:
            self.mkdir()

    monkeypatch.setattr(Path, "replace", replace_then_begin)
    with atomic(tmp_path / "a.txt") as partial:
        partial.write_text("first")
    assert (tmp_path / ".a.txt.partial").read_text() == "the next writer's"
    with fresh_folder(tmp_path / "folder"):
        pass
    assert (tmp_path / ".folder.partial").is_dir()


def test_fresh_folder_replaces_all_that_stood_there(tmp_path):
    path = tmp_path / "a" / "folder"
    path.mkdir(parents=True)
    (path / "stale.txt").write_text("old")
    with fresh_folder(path) as partial:
        (partial / "new.txt").write_text("new")
        assert (path / "stale.txt").exists()
    assert everything(tmp_path) == {"a/folder/new.txt": "new"}


@pytest.mark.parametrize("failure", [FailureError, KeyboardInterrupt])
def test_fresh_folder_leaves_the_old_one_when_the_block_fails(tmp_path, failure):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file.txt").write_text("old")
    with pytest.raises(failure):
        break_off_folder(path, failure)
    assert everything(tmp_path) == {"folder/file.txt": "old"}
    assert [x.name for x in tmp_path.iterdir()] == ["folder"]


def test_fresh_folder_ignores_what_a_killed_run_left(tmp_path):
    path = tmp_path / "folder"
    with fresh_folder(path) as partial:
        (partial / "whole.txt").write_text("whole")
        leftover = partial
    leftover.mkdir()
    (leftover / "half.txt").write_text("half")
    with fresh_folder(path) as partial:
        assert list(partial.iterdir()) == []
        (partial / "again.txt").write_text("again")
    assert everything(tmp_path) == {"folder/again.txt": "again"}


def test_json_is_rounded_ordered_and_readable(tmp_path):
    path = tmp_path / "metrics.json"
    value = {"z": 1.23456789, "a": {"b": [0.00004, -0.00004, 3, "é", None, True]}, 5: (2.5,)}
    write_json(path, value)
    text = path.read_text(encoding="utf-8")
    assert list(json.loads(text)) == ["z", "a", "5"]
    assert read_json(path) == {
        "z": 1.2346,
        "a": {"b": [0.0, 0.0, 3, "é", None, True]},
        "5": [2.5],
    }
    assert "é" in text
    assert "-0.0" not in text, "a sign that rounding left would show as a change in a review"
    assert text.endswith("}\n")


def test_json_takes_numpys_doubles(tmp_path):
    write_json(tmp_path / "x.json", {"x": np.float64(1) / 3})
    assert read_json(tmp_path / "x.json") == {"x": 0.3333}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_json_refuses_what_is_no_number(tmp_path, bad):
    path = tmp_path / "metrics.json"
    write_json(path, {"x": 1})
    with pytest.raises(ValueError):
        write_json(path, {"deep": [{"x": bad}]})
    assert read_json(path) == {"x": 1}
    assert len(everything(tmp_path)) == 1


def test_rounded_leaves_what_is_not_a_float():
    assert rounded({"n": 10**12, "s": "0.123456", "b": False}) == {
        "n": 10**12,
        "s": "0.123456",
        "b": False,
    }


def test_csv_has_four_decimals_and_no_index(tmp_path):
    path = tmp_path / "x" / "rows.csv"
    rows = pd.DataFrame(
        {"name": ["a", "b,c"], "count": [1, 2], "psnr": [27.123456, -0.00001], "none": [1.0, None]}
    )
    write_table(path, rows)
    assert path.read_bytes() == (b'name,count,psnr,none\na,1,27.1235,1.0000\n"b,c",2,0.0000,\n')
    assert len(everything(tmp_path)) == 1


def test_csv_leaves_the_old_file_when_it_fails(tmp_path):
    class Unprintable:
        def __str__(self) -> str:
            raise FailureError

    path = tmp_path / "rows.csv"
    write_table(path, pd.DataFrame({"a": [1]}))
    with pytest.raises(FailureError):
        write_table(path, pd.DataFrame({"a": [Unprintable()]}))
    assert everything(tmp_path) == {"rows.csv": "a\n1\n"}
