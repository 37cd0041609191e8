"""Model sets as folders: copies of checkpoints with the histories of their training."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder
from srcore.common.tables import Columns, read_table
from srcore.models.registry import MODELS

SUFFIXES = (".safetensors", ".history.csv")
"""What belongs to a trained network; its live log stays with its own stage."""

HISTORY: Columns = {
    "model": str,
    "seed": float,
    "epoch": float,
    "output": str,
    "criterion": str,
    "loss": float,
    "inverse_psnr": float,
    "psnr": float,
}
"""Columns of a history, as `srcore.training.loop.train_model` writes it."""


def gather_set(folders: Iterable[Path], out: Path) -> None:
    """Copy every trained network in `folders` into the set `out`.

    Raises:
        StudyError: a folder holds no trained network.
    """
    with fresh_folder(out) as target:
        for folder in folders:
            files = [path for path in sorted(folder.glob("*")) if path.name.endswith(SUFFIXES)]
            if not files:
                raise StudyError(f"{folder}: holds no trained network; `dvc repro` trains it")
            for path in files:
                shutil.copy2(path, target / path.name)


def histories(folder: Path) -> pd.DataFrame:
    """The histories of a set, one below the other, in the order of the table of models.

    Returns:
        model, seed, epoch, output, criterion, loss, inverse_psnr, psnr.

    Raises:
        StudyError: there is none, or one is damaged.
    """
    order = {name: place for place, name in enumerate(MODELS)}
    found = sorted(folder.glob("*.history.csv"))
    paths = sorted(found, key=lambda path: order.get(path.name.partition(".")[0], len(order)))
    if not paths:
        raise StudyError(f"{folder}: holds no history of a training; `dvc repro` trains")
    remedy = "remove it and run `dvc repro`"
    return pd.concat([read_table(path, HISTORY, remedy) for path in paths], ignore_index=True)


def final_losses(history: pd.DataFrame) -> dict[str, Any]:
    """The content of `metrics/train.json`: each model's losses of its last epoch, by name.

    Args:
        history: what `histories` gave.

    Returns:
        {model: {output: {name of the loss that trained: its mean, inverse_psnr}}}, means over
        seeds; once where the two are one.
    """
    found: dict[str, Any] = {}
    last = history.groupby(["model", "seed", "output"], sort=False).last()
    for (model, output), part in last.groupby(["model", "output"], sort=False):
        of_loss = {part["criterion"].iloc[0]: part["loss"].mean()}
        shared = {"inverse_psnr": part["inverse_psnr"].mean()}
        found.setdefault(str(model), {})[str(output)] = of_loss | shared
    return found
