"""The figures of a checkpoint, where it can be shown that they are its own.

plots/methods.csv names models and not files, so a figure in it may be that of another training. The
same evaluation writes plots/models.csv, with the SHA-256 of every checkpoint that it judged:
figures are taken only where this very file is among them.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

from srcore.common import paths
from srcore.common.errors import StudyError
from srcore.evaluation.tables import read_checkpoints, read_figures
from srcore.inference.baselines import BASELINE
from srcore.metrics.table import METRICS

logger = logging.getLogger(__name__)


def own_figures(checkpoint: Path, study: Path | None) -> dict[str, Any] | None:
    """What a study says of a checkpoint and of bicubic interpolation.

    Args:
        checkpoint: the file.
        study: top folder of the project that judged it; None to take the current folder if it did.

    Returns:
        Its entries of `srcore.evaluation.tables.Figures`, the checkpoint's under the name of its
        model, and "bicubic"; None where they are not known to be its own.

    Raises:
        StudyError: `study` was named, and is none, did not judge this checkpoint, or a table of it
            is damaged.
    """
    try:
        return _figures(checkpoint, study or Path())
    except StudyError as error:
        if study is not None:
            raise
        if paths.MODEL_TABLE.exists():
            logger.info("the card has no figures (%s)", error)
        return None


def _figures(checkpoint: Path, top: Path) -> dict[str, Any]:
    digest = sha256(checkpoint)
    table, methods = top / paths.MODEL_TABLE, top / paths.METHOD_TABLE
    if not table.is_file():
        raise StudyError(f"{table}: missing; give the folder of a study that was run")
    judged = read_checkpoints(table)
    models = judged.loc[judged["sha256"] == digest, "model"]
    if not len(models):
        raise StudyError(
            f"{table}: {checkpoint.name} (SHA-256 {digest[:12]}…) is none of the checkpoints that "
            "were judged; leave --study out, or run `dvc repro` there"
        )
    figures, wanted = read_figures(methods), (str(models.iloc[0]), BASELINE)
    for name in wanted:
        needed = {*METRICS} if name == BASELINE else {"gain", "wins", *METRICS}
        lines = [one for one in figures.get(name, {}).values() if isinstance(one, dict)]
        if not lines or any(not needed <= line.keys() for line in lines):
            raise StudyError(f"{methods}: has no figures of {name}, or not all; run `dvc repro`")
    return {name: figures[name] for name in wanted}


def sha256(path: Path) -> str:
    """SHA-256 of a file, as plots/models.csv has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
