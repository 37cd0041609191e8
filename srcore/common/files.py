"""Writing files so that a half-written one is never mistaken for a whole one.

What is being written stands beside its final name, under a name that nobody can know before
(`.name.k3x9w2af.partial`), is created anew, and is locked by its writer. So nothing that lies
there already, a link of somebody else's, say, is written to or emptied.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import string
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from srcore.common.errors import StudyError

DECIMALS = 4
"""Tracked figures are rounded, so that a harmless last bit makes no difference in a review."""
LONGEST_SHOWN = 100
"""Bytes of a final name that a partial one repeats; file systems take 255 in all."""
RANDOM = 8
"""Random letters and digits of a partial name, of 36 each."""
LOCK_TIMEOUT = 2.0
"""Seconds to wait while another process looks through the folder, which takes it milliseconds."""
_HELD: set[tuple[int, int]] = set()
"""Device and inode of the new folders that this process fills and holds the lock of."""


@contextmanager
def atomic(path: Path, *, overwrite: bool = True) -> Generator[Path]:
    """Give an empty file beside `path`; rename it to `path` when the block ends well.

    The folder is made when it is missing. When the block fails, `path` is left as it was. A link
    at `path` is replaced, not followed.

    Args:
        path: the file to write.
        overwrite: whether it may replace a file. Else the name is taken in one step that fails
            where there is one, though it came while the block ran.

    Raises:
        StudyError: another process is writing `path`; or it is there, and may not be replaced.
    """
    with about(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path, _new_file) as (partial, held):
            yield partial
            # A rename must never outlive its data in a power cut.
            descriptor = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            del held
            if overwrite:
                partial.replace(path)
            else:
                _take_name(partial, path)


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
        with _beside(path, _new_folder) as (partial, held):
            _HELD.add((held.st_dev, held.st_ino))
            try:
                yield partial
            finally:
                _HELD.discard((held.st_dev, held.st_ino))
            found = partial.lstat()
            if (found.st_dev, found.st_ino) != (held.st_dev, held.st_ino):
                raise StudyError(f"{partial}: was replaced by somebody else; run again")
            if path.exists():
                shutil.rmtree(path)
            partial.replace(path)


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


def partials(path: Path) -> Iterator[Path]:
    """What writers of `path` have begun beside it, those that were killed included."""
    pattern = re.compile(rf"\.{re.escape(_shown(path.name))}\.[a-z0-9]{{{RANDOM}}}\.partial")
    for name in os.listdir(path.parent):  # noqa: PTH208  # far quicker in a folder of thousands
        if pattern.fullmatch(name):
            yield path.parent / name


@contextmanager
def _beside(path: Path, create: Callable[[Path], int]) -> Generator[tuple[Path, os.stat_result]]:
    """Create something beside `path` and hold it; remove it when the block fails.

    The lock goes with the process, however it ends. A `dvc` that was killed leaves its stage
    running: the next run must not write the same output. What killed writers left is removed.
    """
    with suppress(FileNotFoundError):
        path.lstat()  # a name that is too long is refused now, not when all is computed
    with _alone_in(path.parent):
        for other in list(partials(path)):
            _remove_if_abandoned(other, path)
        partial, descriptor = _created(path, create)
        with suppress(OSError):  # a file system without locks is used without
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield partial, os.fstat(descriptor)
    except BaseException:
        _remove(partial)
        raise
    finally:
        os.close(descriptor)


def _created(path: Path, create: Callable[[Path], int]) -> tuple[Path, int]:
    letters = string.ascii_lowercase + string.digits
    while True:
        drawn = "".join(secrets.choice(letters) for _ in range(RANDOM))
        partial = path.with_name(f".{_shown(path.name)}.{drawn}.partial")
        try:
            return partial, create(partial)
        except FileExistsError:
            continue
        except OSError as error:  # of the file that was asked for, not of the name drawn here
            raise OSError(error.errno, error.strerror, str(path)) from None


def _new_file(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o666)  # less the umask, as any new file


def _new_folder(path: Path) -> int:
    path.mkdir()  # fails on a link as well, though it leads nowhere
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _shown(name: str) -> str:
    """A name, or the beginning of a long one with a digest, which makes it one of its own."""
    if len(os.fsencode(name)) <= LONGEST_SHOWN:
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
    begin = name[:LONGEST_SHOWN]
    while len(os.fsencode(begin)) > LONGEST_SHOWN - len(digest) - 1:
        begin = begin[:-1]
    return f"{begin}~{digest}"


def _take_name(partial: Path, path: Path) -> None:
    """Rename, unless there is something under the new name."""
    there = StudyError(f"{path}: already exists; --overwrite replaces it")
    try:
        os.link(partial, path, follow_symlinks=False)
    except FileExistsError:
        raise there from None
    except OSError:  # a file system without hard links
        try:
            os.close(_new_file(path))
        except FileExistsError:
            raise there from None
        partial.replace(path)
    else:
        partial.unlink()


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """Keep others from beginning to write in this folder: of two at once, one must see the other.

    A lock that cannot be had (no permission, no locks, somebody who keeps it) is done without.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        found = os.fstat(descriptor)
        if (
            found.st_dev,
            found.st_ino,
        ) in _HELD:  # a new folder of our own: nobody else writes in it
            yield
            return
        until = time.monotonic() + LOCK_TIMEOUT
        while time.monotonic() < until:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                break
        yield
    finally:
        os.close(descriptor)


def _remove_if_abandoned(partial: Path, path: Path) -> None:
    """Remove what a killed writer left. What is not a file or folder of ours is let alone.

    Raises:
        StudyError: its writer is at it.
    """
    try:
        found = partial.lstat()
        ours = found.st_uid == os.geteuid() and (
            stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
        )
        if not ours:
            return
        descriptor = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # it has just been put in its place
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(partial)
    except BlockingIOError:
        raise StudyError(
            f"{path}: another process is writing it; wait for it to end, or stop it, and run again"
        ) from None
    except OSError:  # no locks here: whether somebody is at it, nobody can say
        return
    finally:
        os.close(descriptor)


def _remove(partial: Path) -> None:
    if partial.is_dir() and not partial.is_symlink():
        shutil.rmtree(partial, ignore_errors=True)
    else:
        with suppress(OSError):
            partial.unlink()


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


def rounded_text(value: object) -> str:
    """A float as a table has it, with `DECIMALS` places."""
    return f"{_round(cast('float', value)):.{DECIMALS}f}"
