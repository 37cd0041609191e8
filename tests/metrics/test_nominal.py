"""Intervals and verdicts hold what they promise: simulated, and written down in docs/judging.md."""

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from interval import mean_interval

from srcore.metrics.holm import holm
from srcore.metrics.paired import Difference, paired_difference

DRAWS = 1500
IMAGES = 165
OWN, SHARED = 0.3, 0.8
"""dB by which one training differs from another image by image (as measured on VOC2007), and an
assumed correlation of what a seed does to two networks."""
SCATTER = (0.02, 0.17, 0.78)
"""dB between seeds of a network's mean gain: as with one cycle, and as at a constant rate."""

SIZES: dict[str, Callable[[int], np.ndarray]] = {
    "equal": lambda groups: np.full(groups, 3),
    "1 to 10": lambda groups: np.random.default_rng(1).integers(1, 11, groups),
    "one scene has half of the images": lambda groups: np.r_[2 * groups, np.full(groups - 1, 2)],
    "8 in a fifth of the scenes, 1 in the others": lambda groups: np.where(
        np.arange(groups) < groups // 5, 8, 1
    ),
}


def documented(root: Path, heading: str) -> dict[tuple[str, str], str]:
    """(row, column) → figure of the table below a heading of docs/judging.md."""
    text = (root / "docs/judging.md").read_text(encoding="utf-8").split(heading)[1]
    lines = re.findall(r"^\|(.+)\|$", text.split("\n## ")[0], re.MULTILINE)
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {(row[0], name): cell for row in rows for name, cell in zip(head, row, strict=True)}


def number(cell: str) -> float:
    return float(cell.removesuffix(" %")) / 100


@pytest.mark.slow
@pytest.mark.parametrize("groups", [10, 30, 165])
@pytest.mark.parametrize("sizes", SIZES)
def test_an_interval_covers_the_mean_as_often_as_it_says(root: Path, sizes: str, groups: int):
    counts = SIZES[sizes](groups)
    names = np.repeat(np.arange(groups), counts)
    random, hits = np.random.default_rng(groups), 0
    for _ in range(DRAWS):
        values = random.normal(size=groups)[names] + random.normal(size=len(names))
        low, high = mean_interval(values, names)
        hits += low <= 0 <= high
    covered = hits / DRAWS
    assert covered >= 0.935  # 95 %, less three standard errors
    if sizes == "equal":
        assert covered <= 0.965
    cell = documented(root, "## Intervals")[sizes, str(groups)]
    assert covered == pytest.approx(number(cell), abs=0.006)


def test_two_scenes_have_no_interval_to_cover_anything():
    assert mean_interval(np.arange(40), np.arange(40) % 2) is None


def trainings(
    random: np.random.Generator, networks: int, seeds: int, scatter: float, shared: float = SHARED
):
    """Tables of `networks` that are one architecture, each trained with the same seeds."""
    common = random.normal(0, scatter * shared**0.5, seeds)
    for _ in range(networks):
        own = random.normal(0, scatter * (1 - shared) ** 0.5, seeds)
        by_image = random.normal(0, OWN, (seeds, IMAGES))
        yield pd.DataFrame(
            {
                "image": np.tile(np.arange(IMAGES), seeds),
                "group": np.tile(np.arange(IMAGES), seeds),
                "seed": np.repeat(np.arange(seeds), IMAGES),
                "gain": ((common + own)[:, None] + by_image).ravel(),
            }
        )


def compared(seeds: int, scatter: float, draws: int) -> list[Difference]:
    random = np.random.default_rng(seeds)
    pairs = (trainings(random, 2, seeds, scatter) for _ in range(draws))
    return [paired_difference(*pair) for pair in pairs]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("scatter", SCATTER)
def test_one_architecture_is_seldom_called_two(root: Path, scatter: float, seeds: int):
    found = compared(seeds, scatter, DRAWS)
    assert not any(difference.one_training for difference in found)
    claimed = sum(difference.significant for difference in found) / DRAWS
    assert claimed <= 0.067  # 5 %, and three standard errors
    cell = documented(root, "## Verdicts")[f"{scatter} dB", f"{seeds} seeds"]
    assert claimed == pytest.approx(number(cell), abs=0.006)


@pytest.mark.slow
@pytest.mark.parametrize("scatter", SCATTER)
@pytest.mark.parametrize("shared", [0.0, SHARED])
def test_three_trainings_beside_one_of_their_architecture(scatter: float, shared: float):
    """A change is tried with three seeds, and the state before it has one."""
    random, found = np.random.default_rng(0), []
    for _ in range(DRAWS):
        ours, theirs = trainings(random, 2, 3, scatter, shared)
        found.append(paired_difference(ours, theirs[theirs["seed"] == 0]))
    assert sum(difference.significant for difference in found) / DRAWS <= 0.067


@pytest.mark.slow
@pytest.mark.parametrize("scatter", SCATTER)
def test_with_one_seed_nothing_is_said_of_architectures(root: Path, scatter: float):
    """Two trainings do differ, and are called different, as trainings."""
    found = compared(1, scatter, 300)
    assert all(d.one_training for d in found)
    assert all(d.text.endswith("in these trainings") for d in found if d.significant)
    assert documented(root, "## Verdicts")[f"{scatter} dB", "1 seed"] == "no claim"
    if scatter > 0.1:
        assert sum(d.significant for d in found) > 0.5 * len(found)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 5])
def test_a_ranking_of_one_architecture_seldom_makes_any_claim(seeds: int):
    """Six networks, fifteen pairs: a single false claim spoils the ranking."""
    random, spoiled, draws = np.random.default_rng(7), 0, 200
    for _ in range(draws):
        tables = list(trainings(random, 6, seeds, 0.17))
        pairs = {
            (a, b): paired_difference(tables[a], tables[b]) for a, b in combinations(range(6), 2)
        }
        spoiled += any(difference.significant for difference in holm(pairs).values())
    assert spoiled / draws <= 0.1  # 5 %, and three standard errors
