"""The figures of a checkpoint, where it can be shown that they are its own.

`metrics/evaluate.json` names models and not files, so a figure in it may be that of another
training. dvc.lock knows better: it holds the MD5 of that file and of the folder of checkpoints
that was judged. Figures are taken only where both are what lies there now and the checkpoint, byte
for byte, is in that folder.
"""

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.common.yaml import read_yaml

METRICS = Path("metrics/evaluate.json")
"""Where the study leaves its figures."""


def own_figures(checkpoint: Path, model: str, metrics: Path | None) -> dict[str, Any] | None:
    """What `metrics/evaluate.json` says of a checkpoint and of bicubic interpolation.

    Args:
        checkpoint: the file.
        model: name of its model.
        metrics: `metrics/evaluate.json` of the project that judged it, which then must be of this
            checkpoint; None to take that of the current folder if it is.

    Returns:
        Its entries `model` and "bicubic", or None where they are not known to be its own.

    Raises:
        StudyError: `metrics` was named, and is not of this checkpoint or cannot be read.
    """
    path = metrics or METRICS
    if metrics is None and not path.is_file():
        return None
    figures = read_json(path)
    if isinstance(figures, dict) and model in figures and _judged(path.resolve(), checkpoint):
        return {key: figures[key] for key in (model, "bicubic")}
    if metrics is None:
        return None
    raise StudyError(
        f"{path}: dvc.lock does not show that it judged {checkpoint.name}; "
        "leave --metrics out, or run `dvc repro` there"
    )


def _judged(metrics: Path, checkpoint: Path) -> bool:
    project = metrics.parent.parent
    try:
        lock = read_yaml(project / "dvc.lock")
        stage = lock["stages"]["evaluate"]
        outs = {item["path"]: item["md5"] for item in stage["outs"]}
        models = {PurePosixPath(item["path"]): item["md5"] for item in stage["deps"]}
        written = outs[metrics.relative_to(project).as_posix()]
        folder, content = next(
            (project / path, md5)
            for path, md5 in models.items()
            if path.parent == PurePosixPath("data/models")
        )
    except (OSError, StudyError, LookupError, TypeError, StopIteration):
        return False
    if _md5(metrics) != written or folder_md5(folder) != content:
        return False
    wanted = _md5(checkpoint)
    return any(_md5(path) == wanted for path in folder.glob("*.safetensors"))


def folder_md5(folder: Path) -> str:
    """What DVC calls a folder with this content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [{"md5": _md5(path), "relpath": path.relative_to(folder).as_posix()} for path in files]
    listed.sort(key=lambda item: item["relpath"])
    text = json.dumps(listed, sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
