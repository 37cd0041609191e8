"""What the results were made with, as DVC's lock files have it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from srcore.common.errors import StudyError
from srcore.reporting.revisions import parse_yaml, parsed, read_file

TRAINING = "stages/dvc.yaml:"
LOCKS = {"dvc.lock": "", "stages/dvc.lock": TRAINING}
"""Lock files → what DVC writes before the names of their stages."""
LAST = "evaluate"
"""The stage that makes the figures."""


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
    for stage in _behind(_stages(commit), models).values():
        # A name of a file has a dot of its own.
        ran = stage.get("params")
        settings = ran.get(file) if isinstance(ran, dict) else None
        yield settings if isinstance(settings, dict) else {}


def changed_files(models: Sequence[str]) -> list[str]:
    """Code and data of the working tree that changed since the stages behind the figures ran.

    Args:
        models: the networks that the figures are of.

    Raises:
        StudyError: DVC, which looks, failed.
    """
    names = _behind(_stages(None), models)
    if not names:
        return []  # never run by DVC: nothing is known
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        found: dict[str, list[Any]] = json.loads(done.stdout)
    except ValueError:
        why = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise StudyError(f"`dvc status`, which finds changed code, failed: {why}") from None
    changes = (
        change["changed deps"]
        for name, stage in found.items()
        for change in stage
        if name in names and isinstance(change, dict) and "changed deps" in change
    )
    # What is "deleted" may only not have been fetched.
    modified = (path for c in changes for path, state in c.items() if state == "modified")
    return sorted(set(modified))


def _stages(commit: str | None) -> dict[str, dict[str, Any]]:
    """What each stage was run with, by DVC's name of it."""
    found: dict[str, dict[str, Any]] = {}
    for path, prefix in LOCKS.items():
        try:
            text = read_file(commit, path)
        except StudyError:
            continue  # never run by DVC: nothing is known
        stages = value_at(parsed(commit, path, parse_yaml, text), "stages")
        named = stages.items() if isinstance(stages, dict) else ()
        found |= {f"{prefix}{name}": stage for name, stage in named if isinstance(stage, dict)}
    return found


def _behind(stages: dict[str, dict[str, Any]], models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The last stage, those that trained the networks, and all whose outputs they read."""
    makers = {path: name for name, stage in stages.items() for path in _paths(stage, "outs")}
    todo = [LAST, *(f"{TRAINING}train_{model}" for model in models)]
    found: dict[str, dict[str, Any]] = {}
    while todo:
        name = todo.pop()
        if name in found or name not in stages:
            continue
        found[name] = stages[name]
        todo += [makers[path] for path in _paths(stages[name], "deps") if path in makers]
    return found


def _paths(stage: dict[str, Any], kind: str) -> list[str]:
    entries = stage.get(kind)
    listed = entries if isinstance(entries, list) else []
    return [str(entry.get("path")) for entry in listed if isinstance(entry, dict)]


def value_at(groups: dict[str, Any], key: str) -> Any:
    """The value of a dotted key; None where a group is missing or is none."""
    value: Any = groups
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
