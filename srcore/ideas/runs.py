"""The record of an experiment: every run's PSNR on every held-out image, in a few small tables.

It is all that the analysis reads, and is small enough for git: networks and images are not in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srcore.common.errors import StudyError
from srcore.common.files import write_json
from srcore.common.reading import read_json
from srcore.common.tables import Columns, read_table, write_table
from srcore.ideas.names import COSTS, SLOW, stem_of
from srcore.models.scales import OUTPUTS

SCORES, CURVES, CARDS = "scores.csv", "curves.csv", "runs.json"
"""Files of a record."""
REFERENCES = ("bicubic", "linear")
"""What is no network, yet judged on the same images; `linear` is the least-squares filter."""
KEYS: Columns = {"output": str, "image": str, "scene": str} | dict.fromkeys(REFERENCES, float)
CURVE: Columns = {
    "experiment": str,
    "seed": float,
    "epoch": float,
    "output": str,
    "loss": float,
    "psnr": float,
}
REMEDY = "get it back by git, or make it anew with `dvc repro stages/dvc.yaml:record_ideas`"


@dataclass(frozen=True)
class Runs:
    """Every run of an experiment.

    Attributes:
        scores: a line an output and held-out image: output, image, scene, and PSNR in dB of
            bicubic, linear and `<experiment>.seed<seed>` of every run (nothing where a network
            lacks the output).
        curves: held-out PSNR and loss of the original study's networks after every epoch.
        cards: `<experiment>.seed<seed>` → what the run says about itself, its recipe among it, and
            what its network costs.
    """

    scores: pd.DataFrame
    curves: pd.DataFrame
    cards: Mapping[str, Mapping[str, Any]]

    @cached_property
    def experiments(self) -> list[str]:
        """Their names, in the order of the cards."""
        return list(dict.fromkeys(card["experiment"] for card in self.cards.values()))

    @cached_property
    def _by_scene(self) -> dict[str, pd.DataFrame]:
        """Output → mean PSNR of every column on every scene, whose images are not independent."""
        numbers = [*REFERENCES, *self.cards]
        return {
            output: self.scores[self.scores["output"] == output].groupby("scene")[numbers].mean()
            for output in OUTPUTS
        }

    def reference(self, name: str, output: str) -> NDArray[np.float64]:
        """PSNR in dB of one of `REFERENCES`, (scenes,), scenes in the order of their names."""
        return self._by_scene[output][name].to_numpy(np.float64)

    def seeds(self, name: str) -> list[int]:
        """Seeds that an experiment was run with."""
        return [int(card["seed"]) for card in self.cards.values() if card["experiment"] == name]

    def scores_of(
        self, name: str, output: str, seeds: Sequence[int] | None = None
    ) -> NDArray[np.float64] | None:
        """PSNR in dB, (seeds, scenes); None where it was not run or lacks the output."""
        stems = [stem_of(name, seed) for seed in self.seeds(name) if seeds is None or seed in seeds]
        table = self._by_scene[output][stems]
        if table.empty or table.isna().to_numpy().any():
            return None
        return table.to_numpy(np.float64).T

    def difference(self, idea: str, control: str, output: str) -> NDArray[np.float64] | None:
        """PSNR of one experiment less that of another, (seeds, scenes), for seeds of both.

        None where one was not run or they share fewer than two seeds or scenes.
        """
        both = [seed for seed in self.seeds(idea) if seed in self.seeds(control)]
        first, second = (self.scores_of(name, output, both) for name in (idea, control))
        if first is None or second is None or min(first.shape) < 2:
            return None
        return first - second

    def card(self, name: str) -> Mapping[str, Any]:
        """What the first run of an experiment says; nothing where there is none."""
        return next((c for c in self.cards.values() if c["experiment"] == name), {})

    def cost(self, name: str, column: str) -> float:
        """One of `COSTS`, the median over the seeds (a machine may stall); NaN without a run."""
        found = [float(c[column]) for c in self.cards.values() if c["experiment"] == name]
        return float(np.median(found)) if found else np.nan

    def said_by_all(self, key: str) -> str:
        """What the cards say under a key: one text, or several with commas."""
        return ", ".join(dict.fromkeys(str(card[key]) for card in self.cards.values()))

    def write(self, folder: Path) -> None:
        """Write the record into an existing folder."""
        write_table(folder / SCORES, self.scores)
        write_table(folder / CURVES, self.curves)
        write_json(folder / CARDS, self.cards)


def read_runs(folder: Path) -> Runs:
    """Read a record.

    Raises:
        StudyError: it is missing or damaged, or bodies that are compared had other recipes.
    """
    cards = cast("dict[str, dict[str, Any]]", read_json(folder / CARDS))
    needed = {"experiment", "seed", "group", "recipe", "weights", *COSTS}
    if not cards or any(needed - card.keys() for card in cards.values()):
        raise StudyError(f"{folder / CARDS}: damaged; {REMEDY}")
    columns: Columns = {**KEYS, **dict.fromkeys(cards, None)}
    scores = read_table(folder / SCORES, columns, REMEDY)
    grid = [card for card in cards.values() if is_grid(card)]
    but_for_rate = [{**card["recipe"], "lr": None} for card in grid]
    for same in (
        but_for_rate,
        *([card["recipe"] for card in grid if is_slow(card) is slow] for slow in (False, True)),
    ):
        recipes = {json.dumps(recipe, sort_keys=True) for recipe in same}
        if len(recipes) > 1:
            raise StudyError(
                f"{folder / CARDS}: bodies were trained by {len(recipes)} recipes and cannot be "
                f"compared; {REMEDY}"
            )
    return Runs(scores, read_table(folder / CURVES, CURVE, REMEDY), cards)


def is_grid(card: Mapping[str, Any]) -> bool:
    """Whether a run is of a body under a head, not of a network of ours or the original study."""
    return card["group"] == "grid"


def is_slow(card: Mapping[str, Any]) -> bool:
    """Whether a run is of a body that has a learning rate of its own."""
    return str(card["experiment"]).partition(".")[0] in SLOW
