"""Intervals over seeds and images at once: exact where they can be, elsewhere at their level."""

import numpy as np
import pytest
from scipy import stats

from srcore.ideas.crossed import POWER, Effect, effect
from srcore.metrics.holm import holm
from srcore.metrics.intervals import ALPHA

SEEDS, IMAGES = 5, 165
PARTS = [
    (0.0, 0.1, 0.05),
    (0.005, 0.1, 0.05),
    (0.02, 0.1, 0.05),
    (0.02, 0.02, 0.05),
    (0.1, 0.1, 0.05),
    (0.28, 0.55, 0.29),
    (0.08, 0.0, 0.15),
    (0.006, 0.98, 0.05),
]
"""Standard deviations of seeds, images and the rest, in dB; the last are the study's extremes."""


def made(chance, parts, shift=0.0, seeds=SEEDS, images=IMAGES):
    of_seed, of_image, rest = parts
    heavy = chance.standard_t(5, (1, images)) * np.sqrt(3 / 5)  # images differ with long tails
    return (
        shift
        + of_seed * chance.normal(size=(seeds, 1))
        + of_image * heavy
        + rest * chance.normal(size=(seeds, images))
    )


def test_images_without_seeds_give_the_t_test_of_images():
    """Where all seeds agree there is one value per image, and scipy's t-test of them."""
    of_image = np.random.default_rng(0).normal(0.02, 0.1, 40)
    found = effect(np.tile(of_image, (5, 1)))
    wanted = stats.ttest_1samp(of_image, 0)
    assert found.p == pytest.approx(wanted.pvalue)
    assert found.interval() == pytest.approx(tuple(wanted.confidence_interval()))


def test_seeds_without_images_give_the_t_test_of_seeds():
    of_seed = np.random.default_rng(1).normal(0.02, 0.1, 5)
    found = effect(np.tile(of_seed[:, None], (1, 40)))
    wanted = stats.ttest_1samp(of_seed, 0)
    assert found.p == pytest.approx(wanted.pvalue)
    assert found.interval() == pytest.approx(tuple(wanted.confidence_interval()))


def test_the_variance_is_that_of_two_way_clustering():
    """Up to the small-sample factors: sums within seeds, plus within images, less cells."""
    table = made(np.random.default_rng(2), (0.05, 0.1, 0.05), seeds=200, images=300)
    deviation = table - table.mean()
    clustered = (
        (deviation.sum(axis=1) ** 2).sum()
        + (deviation.sum(axis=0) ** 2).sum()
        - (deviation**2).sum()
    ) / table.size**2
    assert effect(table).standard_error ** 2 == pytest.approx(clustered, rel=0.02)


def test_the_parts_are_those_of_the_two_way_table():
    """By hand: seed means 3 and 1, scene means 2, −3 and 7, and a rest that is not nothing.

    MS_seed = 3 · (1 + 1) / 1 = 6, MS_scene = 2 · (0 + 25 + 25) / 2 = 50, MS_rest = 16 / 2 = 8.
    """
    found = effect([[1, -2, 10], [3, -4, 4]])
    assert found == Effect(2.0, 6 / 6, (50 - 8) / 6, 2, 3)


def test_an_effect_without_noise_is_certain_and_none_is_none():
    assert effect(np.full((3, 4), 0.5)).p == 0
    assert effect(np.zeros((3, 4))).p == 1
    assert effect(np.zeros((3, 4))).detectable() == 0


def test_one_seed_is_no_sample():
    with pytest.raises(ValueError, match="1 seeds and 4 scenes"):
        effect(np.zeros((1, 4)))


@pytest.mark.slow
@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("seeds", [3, 5])
def test_null_effects_are_called_significant_at_most_at_the_level(parts, seeds):
    """5 % ± 2 %; with fewer seeds less, never more."""
    chance, runs = np.random.default_rng(3), 3000
    share = np.mean([effect(made(chance, parts, seeds=seeds)).p < ALPHA for _ in range(runs)])
    assert share < ALPHA + 0.02
    if seeds == SEEDS:
        assert share > ALPHA - 0.02


@pytest.mark.slow
def test_a_family_of_null_effects_is_rarely_called_anything():
    """Holm over 35 contrasts that share a control: at most one family in twenty with a claim."""
    chance, wrong, families = np.random.default_rng(4), 0, 400
    for _ in range(families):
        parts = PARTS[int(chance.integers(len(PARTS)))]
        control = made(chance, parts)
        family = [effect(made(chance, parts) - control).difference() for _ in range(35)]
        wrong += any(d.significant for d in holm(dict(enumerate(family))).values())
    assert wrong / families < ALPHA + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("level", [ALPHA, ALPHA / 35])
@pytest.mark.parametrize("parts", PARTS)
def test_an_effect_of_the_smallest_detectable_size_is_found_as_often_as_promised(parts, level):
    of_seed, of_image, rest = parts
    true = Effect(
        0.0,
        of_seed**2 / SEEDS + rest**2 / (SEEDS * IMAGES),
        of_image**2 / IMAGES,
        SEEDS,
        IMAGES,
    )
    shift, chance, runs = true.detectable(level), np.random.default_rng(5), 1500
    found = 0
    for _ in range(runs):
        one = effect(made(chance, parts, shift))
        found += abs(one.mean) > one.half_width(level)
    assert found / runs == pytest.approx(POWER, abs=0.06)
