"""The files of a run, the locks of runs, and copying whole runs.

Runs are trained outside DVC's outputs and copied there at the end. `dvc exp run` first restores
every output to what dvc.lock has, so it would remove what a stopped stage has left in one.
"""

import fcntl
import filecmp
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.files import atomic, fresh_folder
from srcore.common.reading import read_json

CARD, HISTORY, IMAGES, WEIGHTS = ".card.json", ".history.csv", ".images.csv", ".safetensors"
"""Extensions of a run's files. A card stands for the other files: it is written last, and removed
before one of them is replaced."""
EXTENSIONS = (WEIGHTS, HISTORY, IMAGES, CARD)


def key_of(folder: Path, stem: str) -> str | None:
    """The key of a whole run; None if it is missing, was stopped, or its card is damaged."""
    if not all((folder / f"{stem}{extension}").exists() for extension in EXTENSIONS):
        return None
    try:
        return str(read_json(folder / f"{stem}{CARD}")["key"])
    except (StudyError, KeyError, TypeError):
        return None


def copy_run(source: Path, target: Path, stem: str) -> None:
    """Copy a run with the times of its files."""
    (target / f"{stem}{CARD}").unlink(missing_ok=True)
    for extension in EXTENSIONS:
        name = f"{stem}{extension}"
        with atomic(target / name) as partial:
            # Not `copy2`: on a full disk its error names the source.
            partial.write_bytes((source / name).read_bytes())
            shutil.copystat(source / name, partial)


@contextmanager
def hold(path: Path, *, wait: bool) -> Generator[bool]:
    """Hold a lock, which ends with the process; False where another process holds it.

    Args:
        path: the file to lock. It stays: with it removed, a process that waits would hold a file
            that no other finds any more.
        wait: whether to wait for the other process.
    """
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def publish(keys: Mapping[str, str], runs: Path, out: Path) -> None:
    """Make `out` hold these runs and nothing else; leave it as it is if it does already.

    Args:
        keys: name of a run → its key.
        runs: where they were trained.
        out: the folder to make.

    Raises:
        StudyError: a run is no longer there, or another process has trained it with other settings.
    """
    names = {f"{stem}{extension}" for stem in keys for extension in EXTENSIONS}
    with hold(runs / ".publish.lock", wait=True):
        if out.is_dir() and {path.name for path in out.iterdir()} == names:
            same, _, _ = filecmp.cmpfiles(runs, out, names, shallow=False)
            if len(same) == len(names) and all(key_of(out, s) == key for s, key in keys.items()):
                return
        with fresh_folder(out) as new:
            for stem, key in keys.items():
                if key_of(runs, stem) == key:
                    copy_run(runs, new, stem)
                if key_of(new, stem) != key:
                    raise StudyError(
                        f"{runs / stem}: another process replaced or removed this run; run again"
                    )
