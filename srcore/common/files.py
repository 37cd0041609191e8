"""Writing files so that a half-written one is never mistaken for a whole one."""

import fcntl
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from srcore.common.errors import StudyError

DECIMALS = 4
"""Tracked figures are rounded, so that a harmless last bit makes no difference in a review."""


@contextmanager
def atomic(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block ends well.

    The folder is made when it is missing. When the block fails, `path` is left as it was.

    Raises:
        StudyError: another process is writing `path`.
    """
    with about(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.touch()
        with _only_writer(partial, path):
            try:
                yield partial
                # A rename must never outlive its data in a power cut.
                with partial.open("rb") as file:
                    os.fsync(file.fileno())
                partial.replace(path)
            except BaseException:  # after a rename the name may be the next writer's
                partial.unlink(missing_ok=True)
                raise


@contextmanager
def fresh_folder(path: Path) -> Generator[Path]:
    """Give an empty folder beside `path`; let it take the place of `path` when the block ends well.

    What stood at `path` before is removed. When the block fails, nothing is left of the new one.
    A link to a folder (on a larger disk, say) stays, and the folder it names is replaced.

    Raises:
        StudyError: another process is writing `path`.
    """
    with about(path):
        path = path.resolve() if path.is_symlink() else path
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.mkdir(exist_ok=True)
        with _only_writer(partial, path):
            try:
                _clear(partial)  # of what a killed run left
                yield partial
                if path.exists():
                    shutil.rmtree(path)
                partial.replace(path)
            except BaseException:  # after a rename the name may be the next writer's
                shutil.rmtree(partial, ignore_errors=True)
                raise


@contextmanager
def about(path: Path) -> Generator[None]:
    """Note on every error of the block which file it is about; many a full disk does not say."""
    try:
        yield
    except StudyError:  # says all there is to say
        raise
    except Exception as error:
        error.add_note(str(path))
        raise


@contextmanager
def _only_writer(partial: Path, path: Path) -> Generator[None]:
    """Hold `partial` for this process alone; the lock goes with the process, however it ends.

    A `dvc` that was killed leaves its stage running: the next run must not write among its files.
    """
    taken = StudyError(
        f"{path}: another process is writing it; wait for it to end, or stop it, and run again"
    )
    try:
        descriptor = os.open(partial, os.O_RDONLY)
    except FileNotFoundError:  # another process has just put it in its place
        raise taken from None
    try:
        with suppress(OSError):  # a file system without locks is used without
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise taken from None
        held, found = os.fstat(descriptor), partial.stat() if partial.exists() else None
        if found is None or found.st_ino != held.st_ino:  # it was put in its place just now
            raise taken
        yield
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def rounded(value: Any) -> Any:
    """Round every float in nested dicts and lists to `DECIMALS` places."""
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}  # type: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]  # type: ignore[reportUnknownVariableType]
    return _round(value) if isinstance(value, float) else value


def _round(value: float) -> float:
    return round(value, DECIMALS) + 0.0  # which turns −0.0, noise in a review, into 0.0


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, floats rounded to `DECIMALS` places, keys in the order given."""
    with atomic(path) as partial:
        text = json.dumps(rounded(value), indent=2, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        StudyError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; run `dvc repro`") from None
    except ValueError:  # not JSON, or not even text
        raise StudyError(f"{path}: damaged; remove it and run `dvc repro`") from None


def rounded_text(value: object) -> str:
    """A float as a table has it, with `DECIMALS` places."""
    return f"{_round(cast('float', value)):.{DECIMALS}f}"
