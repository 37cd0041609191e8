"""Runs outlive a stopped stage, and DVC's output holds the whole ones alone."""

import json

import pytest

from srcore.ideas.files import CARD, EXTENSIONS, copy_run, key_of, publish


def make(folder, stem, key="k"):
    folder.mkdir(exist_ok=True)
    for extension in EXTENSIONS:
        text = json.dumps({"key": key}) if extension == CARD else f"{stem}{extension}"
        (folder / f"{stem}{extension}").write_text(text)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_run_is_whole_with_all_its_files(tmp_path):
    make(tmp_path, "a.seed0")
    assert key_of(tmp_path, "a.seed0") == "k"
    assert key_of(tmp_path, "a.seed1") is None
    for extension in EXTENSIONS:
        make(tmp_path, "a.seed0")
        (tmp_path / f"a.seed0{extension}").unlink()
        assert key_of(tmp_path, "a.seed0") is None


@pytest.mark.parametrize("damaged", ["", "{", "[]", "{}", "null"])
def test_a_damaged_card_is_no_card(tmp_path, damaged):
    make(tmp_path, "a.seed0")
    (tmp_path / f"a.seed0{CARD}").write_text(damaged)
    assert key_of(tmp_path, "a.seed0") is None


def test_a_copy_has_the_bytes_and_the_times(tmp_path):
    make(tmp_path / "runs", "a.seed0")
    (tmp_path / "out").mkdir()
    copy_run(tmp_path / "runs", tmp_path / "out", "a.seed0")
    for path in (tmp_path / "runs").iterdir():
        copied = tmp_path / "out" / path.name
        assert copied.read_bytes() == path.read_bytes()
        assert copied.stat().st_mtime_ns == path.stat().st_mtime_ns


def test_what_is_published_is_what_was_asked_for(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    for stem in ("a.seed0", "a.seed1", "b.seed0"):
        make(runs, stem)
    make(out, "old.seed0")
    make(out, "a.seed0", key="old")
    publish(["a.seed0", "b.seed0"], runs, out)
    assert names(out) == {f"{s}{e}" for s in ("a.seed0", "b.seed0") for e in EXTENSIONS}
    assert key_of(out, "a.seed0") == "k"


def test_publishing_again_writes_nothing(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    make(runs, "a.seed0")
    publish(["a.seed0"], runs, out)
    before = out.stat().st_ino
    publish(["a.seed0"], runs, out)
    assert out.stat().st_ino == before
    make(runs, "a.seed0", key="other")
    publish(["a.seed0"], runs, out)
    assert key_of(out, "a.seed0") == "other"
