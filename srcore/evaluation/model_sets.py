"""Model sets as folders: copies of checkpoints with their histories and final figures."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder
from srcore.common.reading import read_json
from srcore.common.tables import Columns, read_table

SUFFIXES = (".safetensors", ".history.csv", ".metrics.json")
"""What belongs to a trained network; its live log stays with its own stage."""

REPORT: Columns = {"model": str, "epoch": float, "output": str, "loss": float}
HISTORY: Columns = {
    "model": str,
    "seed": float,
    "epoch": float,
    "output": str,
    "loss": float,
    "psnr": float,
}
"""Columns of the report's losses and of a history."""


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
    """The histories of a set, one below the other: model, seed, epoch, output, loss, psnr.

    Raises:
        StudyError: there is none, or one is damaged.
    """
    paths = sorted(folder.glob("*.history.csv"))
    if not paths:
        raise StudyError(f"{folder}: holds no history of a training; `dvc repro` trains")
    mend = "remove it and run `dvc repro`"
    return pd.concat([read_table(path, HISTORY, mend) for path in paths], ignore_index=True)


def final_metrics(folder: Path) -> dict[str, Any]:
    """Name of each training of a set, such as `vgg.seed0` → its final figures."""
    found = sorted(folder.glob("*.metrics.json"))
    return {path.name.removesuffix(".metrics.json"): read_json(path) for path in found}


def beside_report(
    history: pd.DataFrame, report: Path, weights: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The histories beside the report's curves of the same models, told apart by `run`.

    The report's losses are data (`data/report_losses.csv`: model, epoch, output, loss); it gives
    no held-out PSNR.

    Args:
        history: what `histories` gave.
        report: the report's losses.
        weights: model → label of the frozen weights that its curves depend on.

    Raises:
        StudyError: the report's losses are missing or damaged.
    """
    labels = history["model"].map(weights or {}).fillna("")
    ours = history.assign(run="this study", weights=labels)
    theirs = read_table(report, REPORT, f"restore it with `git restore {report}`").assign(
        run="report"
    )
    both = pd.concat([ours, theirs[theirs["model"].isin(set(ours["model"]))]], ignore_index=True)
    both["seed"] = both["seed"].astype("Int64")  # the report tells no seed
    both["curve"] = both["model"] + " " + both["output"] + ", " + both["run"]
    return both[["model", "seed", "epoch", "output", "run", "curve", "loss", "psnr", "weights"]]
