import fcntl
import json
import math
import os
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srcore.common import files
from srcore.common.errors import StudyError
from srcore.common.files import atomic, fresh_folder, partials, rounded, write_json
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


def partial_of(path: Path) -> list[str]:
    return [found.name for found in partials(path)]


@pytest.mark.parametrize("name", ["file.txt", "x" * 251 + ".txt", "ж" * 120 + ".txt", "n\n.txt"])
def test_partial_names_cannot_be_known_before_and_fit(tmp_path, name):
    """255 bytes are what file systems take."""
    seen = set()
    for _ in range(3):
        with atomic(tmp_path / name) as partial:
            seen.add(partial.name)
            assert len(os.fsencode(partial.name)) <= 255
            assert partial_of(tmp_path / name) == [partial.name]
        assert partial_of(tmp_path / name) == []
    assert len(seen) == 3
    with fresh_folder(tmp_path / name[:-4]) as partial:
        assert partial_of(tmp_path / name[:-4]) == [partial.name]


def test_partial_names_differ(tmp_path):
    long = "x" * 240
    with atomic(tmp_path / f"{long}.a"), atomic(tmp_path / f"{long}.b"), atomic(tmp_path / "a"):
        assert len(partial_of(tmp_path / f"{long}.a")) == 1
        assert len(partial_of(tmp_path / f"{long}.b")) == 1
        assert len(partial_of(tmp_path / "a")) == 1
        assert partial_of(tmp_path / "a.b") == []


def test_a_name_that_is_too_long_is_refused_before_the_block(tmp_path):
    with pytest.raises(OSError, match="too long"), atomic(tmp_path / ("x" * 256)):
        pytest.fail("it began")
    assert everything(tmp_path) == {}


def plant(path: Path, kind: str, other: Path) -> None:
    """Put something of somebody else's where a partial file may be expected."""
    match kind:
        case "symbolic":
            path.symlink_to(other)
        case "hard":
            path.hardlink_to(other)
        case "folder":
            path.symlink_to(other.parent)
        case "dangling":
            path.symlink_to(other.with_name("nowhere"))
        case _:
            os.mkfifo(path)


@pytest.mark.parametrize("kind", ["symbolic", "hard", "folder", "dangling", "pipe"])
@pytest.mark.parametrize("name", [".out.partial", ".out.aaaaaaaa.partial"])
@pytest.mark.parametrize("write", [atomic, fresh_folder])
def test_nothing_is_written_through_or_emptied(tmp_path, monkeypatch, kind, name, write):
    """Neither under the name of earlier versions nor where a draw hits upon it."""
    (tmp_path / "theirs").mkdir()
    other = tmp_path / "theirs/file"
    other.write_text("theirs")
    plant(tmp_path / name, kind, other)
    draws = iter("aaaaaaaa" + "bbbbbbbb")
    monkeypatch.setattr(files.secrets, "choice", lambda _: next(draws))
    with write(tmp_path / "out") as partial:
        assert not partial.is_symlink()
        target = partial / "file" if partial.is_dir() else partial
        target.write_text("ours")
    assert everything(tmp_path / "theirs") == {"file": "theirs"}
    assert not (tmp_path / "out").is_symlink()
    found = tmp_path / "out"
    assert (found / "file" if found.is_dir() else found).read_text() == "ours"


def test_a_link_under_the_final_name_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "out").symlink_to("theirs")
    with atomic(tmp_path / "out") as partial:
        partial.write_text("ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert (tmp_path / "out").read_text() == "ours"
    assert not (tmp_path / "out").is_symlink()


def link_in_place_of(path: Path) -> None:
    with atomic(path) as partial:
        partial.unlink()
        partial.symlink_to("theirs")


def test_a_link_put_in_the_place_of_a_partial_file_is_not_taken(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    with pytest.raises(OSError, match="symbolic"):
        link_in_place_of(tmp_path / "out")
    assert everything(tmp_path) == {"theirs": "theirs"}


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027])
def test_the_umask_is_kept(tmp_path, mask):
    before = os.umask(mask)
    try:
        with atomic(tmp_path / "file"):
            pass
        with fresh_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~mask


def write_while_it_comes(out: Path, came: str) -> None:
    with atomic(out, overwrite=False) as partial:
        partial.write_text("ours")
        if came == "file":
            out.write_text("theirs")
        elif came == "link":
            out.symlink_to("nowhere")
        else:
            out.mkdir()


@pytest.mark.parametrize("came", ["file", "link", "folder"])
@pytest.mark.parametrize("links", [True, False])
def test_without_overwrite_what_came_meanwhile_stays(tmp_path, monkeypatch, came, links):
    if not links:  # as on FAT

        def refuse(*_, **__):
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "out"
    with pytest.raises(StudyError, match="already exists; --overwrite replaces it"):
        write_while_it_comes(out, came)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert came != "file" or out.read_text() == "theirs"
    with atomic(tmp_path / "new", overwrite=False) as partial:
        partial.write_text("ours")
    assert (tmp_path / "new").read_text() == "ours"
    assert (tmp_path / "new").stat().st_nlink == 1


@pytest.mark.parametrize("write", [atomic, fresh_folder])
def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path, write):
    path = tmp_path / "out"
    with write(path):
        with pytest.raises(StudyError, match="another process is writing it"), write(path):
            pytest.fail("two at once")
        assert len(partial_of(path)) == 1
    assert path.exists()


def test_of_writers_that_begin_at_once_one_goes_on(tmp_path):
    """Each looks for others before it begins; none may begin between another's look and begin."""
    path, began, refused = tmp_path / "out", [], []
    gate = threading.Barrier(8)

    def run() -> None:
        gate.wait()
        try:
            with atomic(path):
                began.append(1)
                time.sleep(0.5)
        except StudyError:
            refused.append(1)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(began), len(refused)) == (1, 7)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path, kind):
    path = tmp_path / "out"
    left, of_another = tmp_path / ".out.0a1b2c3d.partial", tmp_path / ".out2.0a1b2c3d.partial"
    for name in (left, of_another):
        if kind == "file":
            name.write_text("half")
        else:
            name.mkdir()
            (name / "half").write_text("half")
    with atomic(path) as partial:
        assert not left.exists()
        assert partial.read_text() == ""
    assert of_another.exists()


def test_somebody_who_keeps_the_folders_lock_keeps_nobody_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LOCK_TIMEOUT", 0.1)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with atomic(tmp_path / "out") as partial:
        partial.write_text("ours")
    os.close(folder)
    assert everything(tmp_path) == {"out": "ours"}


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


def test_files_of_a_new_folder_are_written_without_a_wait(tmp_path, monkeypatch):
    """The folder's own lock is held by this very process."""
    monkeypatch.setattr(files, "LOCK_TIMEOUT", 60)
    began = time.monotonic()
    with fresh_folder(tmp_path / "new") as folder, atomic(folder / "a") as partial:
        partial.write_text("a")
    assert (tmp_path / "new/a").read_text() == "a"
    assert time.monotonic() - began < 30
