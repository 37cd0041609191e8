"""The record of an experiment: every run's PSNR on every held-out image, in a few small tables.

It is all that the analysis reads, and is small enough for git: networks and images are not in it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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
from srcore.common.text import LONGEST_NAME, printable
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
TEXTS = ("experiment", "group", "weights", "device", "precision")
LARGEST = 200
"""dB; a PSNR above is damage: images of 8 bits that are not equal have less than 130."""
COUNTS = ("seed", "images", "held_out", *COSTS)
"""What a card holds beside its recipe, as far as the analysis reads it."""
REMEDY = "get it back by git, or make it again with `dvc repro stages/dvc.yaml:record_ideas`"


@dataclass(frozen=True)
class Runs:
    """Every run of an experiment.

    Attributes:
        scores: a row per output and held-out image: output, image, scene, and PSNR in dB of
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

    def shared_seeds(self, names: Sequence[str]) -> list[int]:
        """Seeds that all of some experiments were run with."""
        first, *others = (self.seeds(name) for name in names)
        return [seed for seed in first if all(seed in seeds for seeds in others)]

    def share_recipe(self, name: str, other: str) -> bool:
        """Whether two experiments were run, and by one recipe."""
        first, second = (self.card(experiment).get("recipe") for experiment in (name, other))
        return first is not None and first == second

    def difference(
        self, idea: str, control: str, output: str, seeds: Sequence[int] | None = None
    ) -> NDArray[np.float64] | None:
        """PSNR of one experiment less that of another, (seeds, scenes).

        Args:
            idea: the one.
            control: the other.
            output: mid or large.
            seeds: seeds that both were run with; None for all of these.

        Returns:
            None where one was not run or there are fewer than two seeds or scenes.
        """
        both = self.shared_seeds([idea, control]) if seeds is None else seeds
        first, second = (self.scores_of(name, output, both) for name in (idea, control))
        if first is None or second is None or min(first.shape) < 2:
            return None
        return first - second

    def card(self, name: str) -> Mapping[str, Any]:
        """What the first run of an experiment says; nothing where there is none."""
        return next((c for c in self.cards.values() if c["experiment"] == name), {})

    def cost(self, name: str, column: str) -> float:
        """One of `COSTS`; NaN without a run."""
        return float(self.card(name).get(column, np.nan))

    def write(self, folder: Path) -> None:
        """Write the record into an existing folder."""
        write_table(folder / SCORES, self.scores)
        write_table(folder / CURVES, self.curves)
        write_json(folder / CARDS, self.cards)


def read_runs(folder: Path) -> Runs:
    """Read a record.

    Raises:
        StudyError: it is missing or damaged, or networks that are compared were trained by
            different recipes or in different precisions.
    """
    found = read_json(folder / CARDS)
    if not isinstance(found, dict) or not found:
        raise StudyError(f"{folder / CARDS}: damaged; {REMEDY}")
    cards = cast("dict[str, dict[str, Any]]", found)
    if odd := [stem for stem, card in cards.items() if not is_card(stem, card)]:
        shown = printable(odd[0], LONGEST_NAME)
        raise StudyError(f"{folder / CARDS}: damaged (the card of {shown}); {REMEDY}")
    columns: Columns = {**KEYS, **dict.fromkeys(cards, None)}
    scores = read_table(folder / SCORES, columns, REMEDY)
    curves = read_table(folder / CURVES, CURVE, REMEDY)
    for name, faults in ((SCORES, _faults(scores, cards)), (CURVES, _faults_of_curves(curves))):
        if fault := next(faults, ""):
            raise StudyError(f"{folder / name}: damaged ({fault}); {REMEDY}")
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
    for group in dict.fromkeys(card["group"] for card in cards.values()):
        used = dict.fromkeys(c["precision"] for c in cards.values() if c["group"] == group)
        if len(used) > 1:
            raise StudyError(
                f"{folder / CARDS}: networks of the group {group} were trained in {len(used)} "
                f"precisions ({', '.join(used)}) and cannot be compared; {REMEDY}"
            )
    return Runs(scores, curves, cards)


def _faults(scores: pd.DataFrame, cards: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps runs from being compared; each has one PSNR for every image, or none at a size.

    The second fault is looked for only where the first is not there, and so on.
    """
    images = {str(output): sorted(part["image"]) for output, part in scores.groupby("output")}
    if images.keys() != OUTPUTS.keys():
        yield f"its outputs are not {', '.join(OUTPUTS)}"
    first, *others = images.values()
    if len(set(first)) < len(first) or any(other != first for other in others):
        yield "not every image once at every size"
    for stem, card in cards.items():
        if card["held_out"] != len(first):
            yield f"{len(first)} images, where {stem} has {card['held_out']}"
    if np.nanmax(scores[[*REFERENCES, *cards]].abs().to_numpy(np.float64)) > LARGEST:
        yield f"a PSNR above {LARGEST} dB"
    there = scores[[*cards]].notna().groupby(scores["output"])
    some, every = there.any(), there.all()
    for stem in cards:
        if (some[stem] != every[stem]).any():
            yield f"not every image of {stem}"
        if not every.loc["mid", stem]:
            yield f"no image of {stem}"


def _faults_of_curves(curves: pd.DataFrame) -> Iterator[str]:
    if not set(curves["output"]) <= OUTPUTS.keys():
        yield f"an output that is none of {', '.join(OUTPUTS)}"
    if curves.duplicated(["experiment", "seed", "epoch", "output"]).any():
        yield "an epoch that is there twice"


def is_card(stem: str, card: Any) -> bool:
    """Whether a card has all that the analysis reads, and is that of its run."""
    if not isinstance(card, dict):
        return False
    values = cast("dict[str, Any]", card)
    recipe = values.get("recipe")
    return (
        all(isinstance(values.get(key), str) for key in TEXTS)
        and all(type(values.get(key)) is int for key in COUNTS)
        and isinstance(recipe, dict)
        and isinstance(recipe.get("lr"), float | int)
        and stem == stem_of(values["experiment"], values["seed"])
    )


def is_grid(card: Mapping[str, Any]) -> bool:
    """Whether a run is of a body under a head, not of a network of ours or the original study."""
    return card["group"] == "grid"


def is_slow(card: Mapping[str, Any]) -> bool:
    """Whether a run is of a body that has a learning rate of its own."""
    return str(card["experiment"]).partition(".")[0] in SLOW
