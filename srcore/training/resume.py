"""Going on where a stopped training was, with the same bits as one that never stopped.

State lives outside the stage's output, which DVC clears before a stage runs. It is tied to the
exact settings, data and code: any other training ignores it.
"""

import fcntl
import hashlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from srcore.common.errors import StudyError
from srcore.common.files import atomic

FOLDER = Path(".resume")

logger = logging.getLogger(__name__)

SUM = hashlib.sha256().digest_size
"""Bytes of the check sum that a state begins with."""


@contextmanager
def training_lock(model: str) -> Generator[Path]:
    """Hold the lock of a model's training; give the folder for its state.

    The lock goes with the process, however it ends. It keeps apart a training that outlived its
    killed `dvc` and the next one.

    Raises:
        StudyError: another process trains this model here.
    """
    folder = FOLDER / model
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StudyError(
                f"process {lock.read() or 'unknown'} is training {model} in this folder; "
                "wait for it to end, or stop it, and run again"
            ) from None
        except OSError:
            pass  # a file system without locks is used without
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield folder


class State:
    """The state of one training after its last finished epoch."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        """Args are the state's file, and everything that decides the training's bits."""
        self.path = path
        text = json.dumps(identity, sort_keys=True, default=str) + _code()
        self._key = hashlib.sha256(text.encode()).hexdigest()

    def load(self) -> dict[str, Any] | None:
        """What `save` wrote last, or None when there is none or it is of another training."""
        if not self.path.exists():
            return None
        try:
            whole = self.path.read_bytes()
            written, state = whole[:SUM], whole[SUM:]
            if hashlib.sha256(state).digest() != written:
                raise ValueError("damaged")  # torch would read it, with other numbers
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # about pickles, which are refused
                saved = torch.load(BytesIO(state), map_location="cpu", weights_only=True)
            key, content = saved["key"], saved["content"]
        except Exception:  # noqa: BLE001  # torch raises whatever a damaged file makes it raise
            logger.info("%s: not readable; training starts from the beginning", self.path)
            return None
        if key != self._key:
            logger.info(
                "%s: of other settings, data or code; training starts from the beginning", self.path
            )
            return None
        return content

    def save(self, content: dict[str, Any]) -> None:
        """Write the state so that a kill or a power cut leaves the old one or the new one."""
        state = BytesIO()
        torch.save({"key": self._key, "content": content}, state)
        with atomic(self.path) as partial:
            partial.write_bytes(hashlib.sha256(state.getvalue()).digest() + state.getvalue())

    def forget(self) -> None:
        """Remove the state: its training is done."""
        self.path.unlink(missing_ok=True)


def digest(*arrays: Any) -> str:
    """SHA-256 of arrays, read through their memory maps in pieces."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype} {array.shape}".encode())
        for start in range(0, len(array), 256):
            total.update(array[start : start + 256].tobytes())
    return total.hexdigest()


@cache
def _code() -> str:
    """SHA-256 of the project's code that is running, and torch's version.

    Read once, before the first training: a file that is edited later is not what runs.
    """
    total = hashlib.sha256(torch.__version__.encode())
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] == "srcore" and file:
            total.update(Path(file).read_bytes())
    return total.hexdigest()
