"""The files of a run, and copying whole runs.

Runs are trained outside DVC's outputs and copied there at the end. `dvc exp run` first restores
every output to what dvc.lock has, so it would remove what a stopped stage has left in one.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.files import atomic, fresh_folder
from srcore.common.reading import read_json

CARD, HISTORY, IMAGES, WEIGHTS = ".card.json", ".history.csv", ".images.csv", ".safetensors"
"""Extensions of a run's files; the card is written last."""
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
    """Copy a run with its times, its card last; `target` must exist."""
    for extension in EXTENSIONS:
        name = f"{stem}{extension}"
        with atomic(target / name) as partial:
            shutil.copy2(source / name, partial)


def publish(stems: Sequence[str], source: Path, out: Path) -> None:
    """Make `out` hold these whole runs and nothing else; leave it as it is if it does already.

    Raises:
        StudyError: another process is writing `out`.
    """
    expected = {f"{stem}{extension}" for stem in stems for extension in EXTENSIONS}
    present = {path.name for path in out.iterdir()} if out.is_dir() else set[str]()
    if present == expected and all(key_of(out, s) == key_of(source, s) for s in stems):
        return
    with fresh_folder(out) as new:
        for stem in stems:
            copy_run(source, new, stem)
