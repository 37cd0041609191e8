"""The state of a stopped training: whole, or as if there were none."""

import errno
import fcntl
import os
from pathlib import Path

import pytest
import torch

from srcore.training import resume
from srcore.training.resume import State, training_lock

CONTENT = {"weights": torch.arange(6.0), "history": [{"epoch": 1, "output": "mid"}]}


def saved(folder: Path) -> State:
    state = State(folder / "a.state", {"seed": 0})
    state.save(CONTENT)
    return state


def test_a_state_comes_back(tmp_path):
    found = saved(tmp_path).load()
    assert found["weights"].equal(CONTENT["weights"])
    assert found["history"] == CONTENT["history"]


@pytest.mark.parametrize("start", range(0, 256, 16))
def test_a_state_with_a_flipped_byte_is_none(tmp_path, start):
    """torch's reader raises many kinds of errors for them, and takes some as if they were whole."""
    state = saved(tmp_path)
    whole = state.path.read_bytes()
    for place in [*range(start, len(whole), 256)]:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        state.path.write_bytes(damaged)
        assert state.load() is None


def test_a_pickle_of_strange_text_is_none(tmp_path, monkeypatch):
    state = saved(tmp_path)
    for error in (
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        IndexError(),
        ValueError(),
    ):

        def broken(*_, error=error, **__):
            raise error

        monkeypatch.setattr(torch, "load", broken)
        assert state.load() is None


def test_a_state_of_another_torch_is_none(tmp_path, monkeypatch):
    state = saved(tmp_path)
    resume._code.cache_clear()
    monkeypatch.setattr(torch, "__version__", "1.0")
    assert State(state.path, {"seed": 0}).load() is None
    resume._code.cache_clear()


def test_the_code_is_that_of_the_first_look(tmp_path, monkeypatch):
    """A file that is edited during a training is not the code that trained."""
    state = saved(tmp_path)
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda self: read(self) if self == state.path else b"edited"
    )
    assert State(state.path, {"seed": 0}).load() is not None
    resume._code.cache_clear()
    assert State(state.path, {"seed": 0}).load() is None
    resume._code.cache_clear()


def test_a_file_system_without_locks_does_not_keep_from_training(tmp_path, monkeypatch):
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fcntl, "flock", none)
    with training_lock("basic") as folder:
        assert folder.is_dir()
