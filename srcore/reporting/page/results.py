"""What the report page reads: the files that the stages before it left."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from srcore.common import paths
from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.common.tables import Columns, read_table
from srcore.evaluation.tables import (
    OURS,
    REMEDY,
    SHARED,
    Figures,
    networks_of,
    read_checkpoints,
    read_figures,
)
from srcore.inference.baselines import BASELINE
from srcore.metrics.table import METRICS
from srcore.models.scales import OUTPUTS
from srcore.params import Params
from srcore.reporting.page.clip import Clip, read_clip
from srcore.reporting.page.index import Index, read_index

IMAGES: Columns = {
    "image": str,
    "group": str,
    "method": str,
    "output": str,
    "seed": None,
    **dict.fromkeys(METRICS, float),
    "gain": float,
}
TRAINING: Columns = {
    "model": str,
    "seed": None,
    "epoch": float,
    "output": str,
    "run": str,
    "criterion": str,
    "loss": float,
    SHARED: float,
    "psnr": None,
}
BESIDE: Columns = {
    "model": str,
    "output": str,
    "epochs": float,
    "last": float,
    "report_last": None,
    "mean_difference": None,
    "largest_difference": None,
    "bicubic": float,
}
SIDES: Columns = {"side": str, "min": float, "median": float, "max": float}
"""Columns that are read of the tables in plots/."""


@dataclass(frozen=True)
class Results:
    """What the stages before left, as read from their files."""

    params: Params
    metrics: Figures
    """plots/methods.csv, by name."""
    checkpoints: pd.DataFrame
    """plots/models.csv."""
    images: pd.DataFrame
    """plots/images.csv: one row per image, method, output and seed."""
    training: pd.DataFrame
    """plots/training.csv."""
    beside: pd.DataFrame
    """plots/beside_report.csv."""
    index: Index
    """data/compare/index.json."""
    folder: Path
    """data/compare, where its images lie."""
    dataset: dict[str, Any]
    """metrics/dataset.json and plots/dataset.csv, empty without them."""
    sheet: Path | None
    """plots/samples.png, None without it."""
    clip: Clip | None
    """What CLIP sees, None without its tables."""

    @property
    def models(self) -> list[str]:
        """The models of the set, in the order of the table of models."""
        return networks_of(self.metrics)

    @property
    def outputs(self) -> list[str]:
        """The outputs that at least one model of the set has."""
        return [o for o in OUTPUTS if any(o in self.metrics[name] for name in self.models)]

    def best(self, output: str) -> str:
        """The network with the largest gain at an output that one of them has."""
        having = [name for name in self.models if output in self.metrics[name]]
        return max(having, key=lambda name: self.metrics[name][output]["gain"])

    def weights(self, method: str) -> str:
        """The label of a method's frozen weights, empty when it has none."""
        entry = self.metrics.get(method, {})
        return next((entry[o].get("weights", "") for o in OUTPUTS if o in entry), "")

    @property
    def precisions(self) -> list[str]:
        """The precisions in which the networks were trained."""
        column = self.checkpoints.get("precision")
        return [] if column is None else sorted({str(name) for name in column if name})

    @property
    def part(self) -> str:
        """Name of the part of the data set on which the networks were judged."""
        return "test" if self.params.split.test else "validation"

    def side(self, output: str) -> int:
        """Side in pixels of an image of that output."""
        return self.params.pyramid.sizes[1 + list(OUTPUTS).index(output)]


def read_results(root: Path, params: Params) -> Results:
    """Read everything the page shows from the top folder of a study.

    Raises:
        StudyError: a file is missing or damaged.
    """
    sheet = root / paths.SAMPLES
    metrics = read_figures(root / paths.METHOD_TABLE)
    training = read_table(root / paths.TRAINING_TABLE, TRAINING, REMEDY)
    _check(metrics, training)
    return Results(
        params=params,
        metrics=metrics,
        checkpoints=read_checkpoints(root / paths.MODEL_TABLE),
        images=read_table(root / paths.IMAGE_TABLE, IMAGES, REMEDY),
        training=training,
        beside=read_table(root / paths.BESIDE_REPORT_TABLE, BESIDE, REMEDY),
        index=read_index(root / paths.COMPARE / "index.json"),
        folder=root / paths.COMPARE,
        dataset=_dataset(root),
        sheet=sheet if sheet.exists() else None,
        clip=read_clip(root),
    )


def _dataset(root: Path) -> dict[str, Any]:
    if not (root / paths.DATASET).exists():
        return {}
    sides = read_table(root / paths.DATASET_TABLE, SIDES, REMEDY).set_index("side")
    dataset = read_json(root / paths.DATASET)
    if not isinstance(dataset, dict):
        raise StudyError(f"{root / paths.DATASET}: damaged; {REMEDY}")
    return cast("dict[str, Any]", dataset) | {
        str(side): {key: f"{value:g}" for key, value in line.items()}
        for side, line in sides.iterrows()
    }


def _check(metrics: Figures, training: pd.DataFrame) -> None:
    """See that what the page sets side by side is there: a merge by hand may have taken a line."""
    models = networks_of(metrics)
    if not models:
        raise StudyError(f"{paths.METHOD_TABLE}: damaged (no network in it); {REMEDY}")
    trained = set(training[training["run"] == OURS]["model"])
    for name in models:
        method = metrics[name]
        if not all(method.get(cost, 0) > 0 for cost in ("parameters", "macs")):
            raise StudyError(f"{paths.METHOD_TABLE}: damaged ({name} has no costs); {REMEDY}")
        for output in method.keys() & OUTPUTS.keys():
            if not {"seeds", "wins"} <= method[output].keys():
                raise StudyError(f"{paths.METHOD_TABLE}: damaged ({name} has no seeds); {REMEDY}")
            if output not in metrics.get(BASELINE, {}):
                raise StudyError(f"{paths.METHOD_TABLE}: damaged (no {BASELINE} in it); {REMEDY}")
        if name not in trained:
            raise StudyError(f"{paths.TRAINING_TABLE}: damaged (no {name} in it); {REMEDY}")
