"""Runs outlive a stopped stage, and DVC's output holds the whole ones alone."""

import json
import threading

import pytest

from srcore.common.errors import StudyError
from srcore.ideas.files import CARD, EXTENSIONS, IMAGES, copy_run, hold, key_of, publish


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


def test_a_copy_that_was_stopped_has_no_card(tmp_path):
    """Else an old card would stand for new files."""
    runs, out = tmp_path / "runs", tmp_path / "out"
    make(runs, "a.seed0", key="new")
    make(out, "a.seed0", key="old")
    (runs / f"a.seed0{IMAGES}").unlink()
    with pytest.raises(FileNotFoundError):
        copy_run(runs, out, "a.seed0")
    assert key_of(out, "a.seed0") is None


def test_what_is_published_is_what_was_asked_for(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    for stem in ("a.seed0", "a.seed1", "b.seed0"):
        make(runs, stem)
    make(out, "old.seed0")
    make(out, "a.seed0", key="old")
    publish({"a.seed0": "k", "b.seed0": "k"}, runs, out)
    assert names(out) == {f"{s}{e}" for s in ("a.seed0", "b.seed0") for e in EXTENSIONS}
    assert key_of(out, "a.seed0") == "k"


def test_publishing_again_writes_nothing(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    make(runs, "a.seed0")
    publish({"a.seed0": "k"}, runs, out)
    before = out.stat().st_ino
    publish({"a.seed0": "k"}, runs, out)
    assert out.stat().st_ino == before


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_publishing_again_mends_what_was_damaged(tmp_path, extension):
    runs, out = tmp_path / "runs", tmp_path / "out"
    make(runs, "a.seed0")
    publish({"a.seed0": "k"}, runs, out)
    (out / f"a.seed0{extension}").write_text("damaged")
    publish({"a.seed0": "k"}, runs, out)
    for path in runs.glob("a.seed0.*"):
        assert (out / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("now", ["other", "damaged", "missing"])
def test_what_another_process_replaced_is_not_published(tmp_path, now):
    runs, out = tmp_path / "runs", tmp_path / "out"
    make(runs, "a.seed0")
    publish({"a.seed0": "k"}, runs, out)
    card = runs / f"a.seed0{CARD}"
    if now == "missing":
        card.unlink()
    else:
        card.write_text(json.dumps({"key": now}) if now == "other" else "{")
    with pytest.raises(StudyError, match=r"a.seed0: another process replaced .*; run again"):
        publish({"a.seed0": "k"}, runs, out)
    assert key_of(out, "a.seed0") == "k"


def test_two_processes_publish_one_after_the_other(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    make(runs, "a.seed0")
    second = threading.Thread(target=publish, args=({"a.seed0": "k"}, runs, out))
    with hold(runs / ".publish.lock", wait=True):
        second.start()
        second.join(0.2)
        assert second.is_alive()
        assert not out.exists()
    second.join()
    assert key_of(out, "a.seed0") == "k"


def test_two_of_three_never_hold_one_lock(tmp_path):
    """A process that waits, and one that comes when the first has ended, lock the same file."""
    path = tmp_path / ".run.lock"
    inside, let_go = threading.Event(), threading.Event()

    def second():
        with hold(path, wait=True):
            inside.set()
            let_go.wait()

    waiting = threading.Thread(target=second)
    with hold(path, wait=False) as is_ours:
        assert is_ours
        waiting.start()
        waiting.join(0.2)
        assert not inside.is_set()
    assert inside.wait(10)
    with hold(path, wait=False) as third:
        assert not third
    let_go.set()
    waiting.join()
