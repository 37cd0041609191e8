"""What the results were made with, as DVC's lock files have it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from srcore.common.errors import StudyError
from srcore.reporting.revisions import parse_yaml, parsed, read_file

LOCK, TRAINING_LOCK = "dvc.lock", "stages/dvc.lock"
STAGES = ("download", "resize_pyramids", "split", "evaluate")
"""Stages of dvc.yaml that the figures come from."""


def recorded_parameters(
    commit: str | None, models: Sequence[str], file: str
) -> Iterator[dict[str, Any]]:
    """Dotted key → value of the parameters of every stage behind the figures.

    Args:
        commit: whose lock files; None for those of the working tree.
        models: the networks that the figures are of.
        file: the file of parameters.

    Raises:
        StudyError: a lock file is damaged. One that is not there says nothing.
    """
    for path, names in ((LOCK, STAGES), (TRAINING_LOCK, [f"train_{name}" for name in models])):
        try:
            text = read_file(commit, path)
        except StudyError:
            continue  # never run by DVC: nothing is known
        lock = parsed(commit, path, parse_yaml, text)
        for name in names:
            # A name of a file has a dot of its own.
            ran = value_at(lock, f"stages.{name}.params")
            settings = ran.get(file) if isinstance(ran, dict) else None
            yield settings if isinstance(settings, dict) else {}


def changed_files(models: Sequence[str]) -> list[str]:
    """Code and data of the working tree that changed since the stages behind the figures ran.

    DVC looks; where it cannot, nothing is known.

    Args:
        models: the networks that the figures are of.
    """
    if not Path(LOCK).is_file():
        return []
    names = {*STAGES, *(f"{TRAINING_LOCK.replace('.lock', '.yaml')}:train_{m}" for m in models)}
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        stages: dict[str, list[Any]] = json.loads(done.stdout)
    except ValueError:
        return []
    changes = (
        change["changed deps"]
        for name, found in stages.items()
        for change in found
        if name in names and isinstance(change, dict) and "changed deps" in change
    )
    # What is "deleted" may only not have been fetched.
    modified = (path for c in changes for path, state in c.items() if state == "modified")
    return sorted(set(modified))


def value_at(groups: dict[str, Any], key: str) -> Any:
    """The value of a dotted key; None where a group is missing or is none."""
    value: Any = groups
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
