"""The runs of an experiment, as their folder holds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srcore.common.errors import StudyError
from srcore.common.files import read_json
from srcore.common.tables import Columns, read_table
from srcore.models.scales import OUTPUTS

CARD, IMAGES, HISTORY = ".card.json", ".images.csv", ".history.csv"
"""Endings of a run's files; the card is written last."""
REMEDY = "remove it; the next `dvc repro stages/dvc.yaml:train_ideas` makes it again"
CURVE: Columns = {"epoch": float, "output": str, "loss": float, "psnr": float}


@dataclass(frozen=True)
class Runs:
    """Scores of every experiment, seed and held-out scene.

    Attributes:
        table: experiment, seed, scene and a column of PSNR (dB) for each output.
        cards: `<experiment>.seed<seed>` → what the run says about itself.
    """

    table: pd.DataFrame
    cards: Mapping[str, Mapping[str, Any]]

    @cached_property
    def experiments(self) -> list[str]:
        """Their names, in the order of the table."""
        return list(dict.fromkeys(self.table["experiment"]))

    @cached_property
    def _matrices(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {
            (name, output): part.pivot_table(index="seed", columns="scene", values=output)
            for name, part in self.table.groupby("experiment", sort=False)
            for output in OUTPUTS
            if output in part and part[output].notna().all()
        }  # type: ignore[reportReturnType]

    def scores(self, name: str, output: str) -> NDArray[np.float64] | None:
        """PSNR in dB, (seeds, scenes), scenes in the order of their names; None without any."""
        found = self._matrices.get((name, output))
        return None if found is None else found.to_numpy(np.float64)

    def difference(self, idea: str, control: str, output: str) -> NDArray[np.float64] | None:
        """PSNR of one experiment less that of another, (seeds, scenes), for seeds of both.

        None where one was not run or they share fewer than two seeds or scenes.
        """
        first, second = (self._matrices.get((name, output)) for name in (idea, control))
        if first is None or second is None:
            return None
        table = (first - second).dropna(how="all").dropna(axis=1)
        return table.to_numpy(np.float64) if min(table.shape) > 1 else None

    def weights(self, name: str) -> str:
        """Label of the frozen weights of an experiment, empty without."""
        return next((str(c["weights"]) for c in self.cards.values() if c["experiment"] == name), "")

    def said_by_all(self, key: str) -> str:
        """What the cards say under a key: one text, or several with commas."""
        return ", ".join(dict.fromkeys(str(card[key]) for card in self.cards.values()))


def read_runs(folder: Path, scenes: Mapping[str, str]) -> Runs:
    """Read every whole run of a folder.

    Args:
        folder: what `srcore.ideas.trainings.train_ideas` wrote.
        scenes: image → its scene; the images of one are averaged, since they are not independent.

    Raises:
        StudyError: there is no run, or one is damaged.
    """
    paths = sorted(folder.glob(f"*{CARD}"))
    if not paths:
        raise StudyError(f"{folder}: holds no run; `dvc repro stages/dvc.yaml:train_ideas` trains")
    cards: dict[str, dict[str, Any]] = {}
    tables: list[pd.DataFrame] = []
    for path in paths:
        stem, card = path.name.removesuffix(CARD), read_json(path)
        cards[stem] = card
        scores = pd.read_csv(folder / f"{stem}{IMAGES}", dtype={"image": str})
        found = [output for output in OUTPUTS if output in scores]
        if unknown := set(scores["image"]) - scenes.keys():
            raise StudyError(
                f"{path}: judged on {sorted(unknown)[0]}, which is not held out here; {REMEDY}"
            )
        by_scene = scores.groupby(scores["image"].map(dict(scenes)), sort=True)[found].mean()
        tables.append(
            by_scene.rename_axis("scene")
            .reset_index()
            .assign(experiment=card["experiment"], seed=card["seed"])
        )
    return Runs(pd.concat(tables, ignore_index=True), cards)


def curves(folder: Path, group: str) -> pd.DataFrame:
    """The histories of one group of experiments: experiment, seed, epoch, output, loss, psnr.

    Raises:
        StudyError: a run is damaged.
    """
    tables = [
        read_table(folder / f"{path.name.removesuffix(CARD)}{HISTORY}", CURVE, REMEDY).assign(
            experiment=card["experiment"], seed=card["seed"]
        )
        for path in sorted(folder.glob(f"{group}.*{CARD}"))
        for card in [read_json(path)]
    ]
    columns = ["experiment", "seed", *CURVE]
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )
