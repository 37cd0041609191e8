"""The figures of a checkpoint, where it can be shown that they are its own.

plots/methods.csv names models and not files, so a figure in it may be that of another training. The
same evaluation writes plots/models.csv, with the SHA-256 of every checkpoint that it judged:
figures are taken only where this very file is among them.
"""

import hashlib
from pathlib import Path
from typing import Any

from srcore.common import paths
from srcore.common.errors import StudyError
from srcore.evaluation.tables import figures_of, read_checkpoints, read_methods
from srcore.inference.baselines import BASELINE


def own_figures(checkpoint: Path, study: Path | None) -> dict[str, Any] | None:
    """What a study says of a checkpoint and of bicubic interpolation.

    Args:
        checkpoint: the file.
        study: top folder of the project that judged it; None to take the current folder if it did.

    Returns:
        Its entries of `srcore.evaluation.tables.Figures`, the checkpoint's under the name of its
        model, and "bicubic"; None where they are not known to be its own.

    Raises:
        StudyError: `study` was named, and is none or did not judge this checkpoint; or a table is
            damaged.
    """
    top = study or Path()
    table = top / paths.MODEL_TABLE
    if not table.is_file():
        if study is None:
            return None
        raise StudyError(f"{table}: missing; give the folder of a study that was run")
    judged = read_checkpoints(table)
    models = judged.loc[judged["sha256"] == sha256(checkpoint), "model"]
    if len(models):
        figures = figures_of(read_methods(top / paths.METHOD_TABLE))
        if models.iloc[0] in figures:
            return {key: figures[key] for key in (models.iloc[0], BASELINE)}
    if study is None:
        return None
    raise StudyError(
        f"{table}: {checkpoint.name} (SHA-256 {sha256(checkpoint)[:12]}…) is none of the "
        "checkpoints that were judged; leave --study out, or run `dvc repro` there"
    )


def sha256(path: Path) -> str:
    """SHA-256 of a file, as plots/models.csv has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
