"""What the report page reads: the files that the stages before it left."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from srcore.common import paths
from srcore.common.errors import StudyError
from srcore.common.files import read_json
from srcore.common.tables import Columns, read_table
from srcore.ideas.names import CONTRASTS
from srcore.inference.baselines import METHODS
from srcore.models.scales import OUTPUTS
from srcore.params import Params
from srcore.params.schema import NOTHING

IMAGES: Columns = {"image": str, "group": str, "method": str, "output": str, "gain": float}
TRAINING: Columns = {
    "model": str,
    "seed": None,
    "epoch": float,
    "output": str,
    "run": str,
    "loss": float,
    "psnr": None,
}
"""Columns that are read of plots/images.csv and plots/training.csv."""
REMEDY = "remove it and run `dvc repro`"


@dataclass(frozen=True)
class Results:
    """What the stages before left, as read from their files."""

    params: Params
    metrics: dict[str, Any]
    """metrics/evaluate.json."""
    images: pd.DataFrame
    """plots/images.csv."""
    training: pd.DataFrame
    """plots/training.csv."""
    index: dict[str, Any]
    """data/compare/index.json."""
    folder: Path
    """data/compare, where its images lie."""
    dataset: dict[str, Any]
    """metrics/dataset.json, empty without it."""
    sheet: Path | None
    """plots/samples.png, None without it."""
    ideas: pd.DataFrame | None = None
    """The table that `ideas.table` names, None without one."""

    @property
    def models(self) -> list[str]:
        """The models of the set, in the order of the table of models."""
        return [name for name in self.metrics if name not in ("best", *METHODS)]

    @property
    def outputs(self) -> list[str]:
        """The outputs that at least one model of the set has."""
        return [o for o in OUTPUTS if any(o in self.metrics[name] for name in self.models)]

    def weights(self, method: str) -> str:
        """The label of a method's frozen weights, empty when it has none."""
        entry = self.metrics.get(method, {})
        return next((entry[o].get("weights", "") for o in OUTPUTS if o in entry), "")

    def side(self, output: str) -> int:
        """Side in pixels of an image of that output."""
        return self.params.pyramid.sizes[1 + list(OUTPUTS).index(output)]


def read_results(root: Path, params: Params) -> Results:
    """Read everything the page shows from the top folder of a study.

    Raises:
        StudyError: a file is missing or damaged.
    """
    table = params.ideas.table
    shown = table != NOTHING and (root / table).exists()
    dataset, sheet = root / paths.DATASET, root / paths.SAMPLES
    return Results(
        params=params,
        metrics=_json(root / paths.EVALUATION, ("best", *METHODS)),
        images=read_table(root / paths.IMAGE_TABLE, IMAGES, REMEDY),
        training=read_table(root / paths.TRAINING_TABLE, TRAINING, REMEDY),
        index=_json(root / paths.COMPARE / "index.json", ("images",)),
        folder=root / paths.COMPARE,
        dataset=_json(dataset) if dataset.exists() else {},
        sheet=sheet if sheet.exists() else None,
        ideas=read_table(root / table, CONTRASTS, REMEDY) if shown else None,
    )


def _json(path: Path, keys: Sequence[str] = ()) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict) or any(key not in value for key in keys):
        raise StudyError(f"{path}: damaged; remove it and run `dvc repro`")
    return cast("dict[str, Any]", value)
