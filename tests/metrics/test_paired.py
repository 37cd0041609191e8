"""Differences paired by image, and what is said of them."""

import numpy as np
import pandas as pd
import pytest
from interval import mean_interval
from scipy.stats import t, ttest_1samp

from srcore.metrics.holm import holm
from srcore.metrics.intervals import MIN_GROUPS
from srcore.metrics.paired import Difference, paired_difference

COUNT = 40
RANDOM = np.random.default_rng(3)
HARD = RANDOM.normal(0, 2, COUNT)
"""What images differ by among themselves: far more than any two methods on one of them."""


def table(*gains: np.ndarray, scenes: int = COUNT, seeds: tuple | None = None) -> pd.DataFrame:
    """One array of gains a seed; a single one without `seeds` is of a method without training."""
    numbers = seeds or ((None,) if len(gains) == 1 else range(len(gains)))
    parts = [
        pd.DataFrame(
            {
                "image": [f"{number:02}.png" for number in range(len(gain))],
                "group": [f"scene {number % scenes:02}" for number in range(len(gain))],
                "seed": pd.array([seed] * len(gain), "Int64"),
                "gain": gain,
            }
        )
        for seed, gain in zip(numbers, gains, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def test_the_interval_is_that_of_the_differences_by_image():
    noise = RANDOM.normal(0.1, 0.1, COUNT)
    found = paired_difference(table(HARD + noise), table(HARD))
    assert found.mean == pytest.approx(noise.mean())
    assert (found.low, found.high) == pytest.approx(mean_interval(noise, range(COUNT)))
    assert found.p == pytest.approx(ttest_1samp(noise, 0).pvalue)
    assert (found.images, found.groups, found.seeds) == (COUNT, COUNT, 0)
    assert (found.verdict, found.text) == ("better", "better")
    alone = mean_interval(HARD, range(COUNT))
    assert found.high - found.low < 0.1 * (alone[1] - alone[0])


def test_images_are_paired_by_name_and_those_of_one_side_are_left_out():
    ours, theirs = table(HARD + 0.3), table(HARD)
    shuffled = theirs.sample(frac=1, random_state=0).iloc[:-5]
    found = paired_difference(ours, shuffled)
    assert (found.low, found.mean, found.high) == pytest.approx((0.3, 0.3, 0.3))
    assert found.images == COUNT - 5
    others = theirs.assign(image="other " + theirs["image"])
    assert paired_difference(ours, others) is None


def test_the_other_way_round_is_the_other_verdict():
    ours, theirs = table(HARD + RANDOM.normal(0.3, 0.1, COUNT)), table(HARD)
    there, back = paired_difference(ours, theirs), paired_difference(theirs, ours)
    assert (there.verdict, back.verdict) == ("better", "worse")
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert there.p == pytest.approx(back.p)
    assert there.significant
    assert back.significant


@pytest.mark.parametrize(
    ("mean", "p", "groups", "seeds", "verdict", "text"),
    [
        (0.2, 0.01, 40, 0, "better", "better"),
        (-0.2, 0.01, 40, 3, "worse", "worse"),
        (0.1, 0.05, 40, 3, "noise", "noise"),
        (0.2, 0.01, 40, 1, "better", "better in these trainings"),
        (-0.2, 0.01, 40, 1, "worse", "worse in these trainings"),
        (-0.2, 0.2, 40, 1, "noise", "noise"),
        (0.2, None, MIN_GROUPS - 1, 3, "few", "9 scenes: too few to tell"),
        (0.2, None, 1, 1, "few", "1 scene: too few to tell"),
    ],
)
def test_verdicts(mean, p, groups, seeds, verdict, text):
    ends = (None, None) if p is None else (mean - 1, mean + 1)
    found = Difference(mean, *ends, 40, groups, seeds, p)
    assert (found.verdict, found.text) == (verdict, text)
    assert found.significant == (verdict in ("better", "worse"))


def test_crops_of_a_few_scenes_say_nothing():
    found = paired_difference(table(HARD + 1, scenes=9), table(HARD, scenes=9))
    assert (found.low, found.high, found.p, found.verdict) == (None, None, None, "few")
    assert found.mean == pytest.approx(1)


def test_the_same_images_are_the_same_on_any_number_of_scenes():
    assert paired_difference(table(HARD, scenes=2), table(HARD, scenes=2)).verdict == "same"
    assert paired_difference(table(HARD), table(HARD)).verdict == "same"


def test_one_training_says_nothing_of_other_seeds():
    ours = table(HARD + RANDOM.normal(0.3, 0.1, COUNT), seeds=(0,))
    against_model = paired_difference(ours, table(HARD, seeds=(0,)))
    assert (against_model.seeds, against_model.one_training) == (1, True)
    against_bicubic = paired_difference(ours, table(HARD))
    assert against_bicubic.text == "better in these trainings"


def test_trainings_of_the_same_seeds_are_paired():
    """What a seed does to both sides alike says nothing about the two."""
    shared = (0.0, 0.8, -0.5, 0.3)
    noise = [RANDOM.normal(0, 0.05, COUNT) for _ in shared]
    theirs = table(*(HARD + seed for seed in shared))
    ours = table(*(HARD + seed + 0.2 + n for seed, n in zip(shared, noise, strict=True)))
    paired = paired_difference(ours, theirs)
    assert (paired.seeds, paired.verdict) == (4, "better")
    elsewhere = theirs.assign(seed=theirs["seed"] + 7)
    alone = paired_difference(ours, elsewhere)
    assert alone.mean == pytest.approx(paired.mean)
    assert alone.verdict == "noise"  # the seeds' scatter counts, and twice


def test_one_training_is_taken_to_vary_as_several_of_the_other_side_do():
    """Otherwise the seeds' scatter, which one side shows, would pass for a difference."""
    offsets = np.array([0.0, 0.8, -0.5, 0.3])
    several = table(*(HARD + offset for offset in offsets))
    one = table(HARD - 0.3, seeds=(0,))
    found = paired_difference(several, one)
    assert (found.seeds, found.verdict, found.one_training) == (1, "noise", True)
    spread = offsets.std(ddof=1) * (1 + 1 / 4) ** 0.5
    half = t.isf(0.025, 3) * spread  # no image differs from another
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))
    back = paired_difference(one, several)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_the_scatter_of_seeds_widens_the_interval():
    offsets = np.array([0.1, 0.5, 0.3])
    ours = table(*(HARD + RANDOM.normal(0, 0.1, COUNT) + offset for offset in offsets))
    found = paired_difference(ours, table(HARD))
    means = ours.groupby("seed")["gain"].mean() - HARD.mean()
    by_seed = ttest_1samp(means, 0).confidence_interval()
    images = ours.groupby("image")["gain"].mean() - HARD
    by_image = mean_interval(images, range(COUNT))
    half = np.hypot((by_seed.high - by_seed.low) / 2, (by_image[1] - by_image[0]) / 2)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


def test_any_column_can_be_compared():
    ours, theirs = (table(gain).rename(columns={"gain": "cosine"}) for gain in (HARD + 1, HARD))
    assert paired_difference(ours, theirs, "cosine").mean == pytest.approx(1)


def difference(p: float | None) -> Difference:
    return Difference(0.1, 0.0, 0.2, 40, 40, 0, p)


def test_holm_raises_p_values_step_by_step():
    """The example of R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")."""
    given = dict(zip("abcd", map(difference, (0.01, 0.04, 0.03, 0.005)), strict=True))
    found = [d.p for d in holm(given).values()]
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [d.verdict for d in holm(given).values()] == ["better", "noise", "noise", "better"]


def test_holm_leaves_alone_what_has_no_company():
    assert holm({"a": difference(0.04)}) == {"a": difference(0.04)}
    few = Difference(0.1, None, None, 4, 4)
    assert holm({"few": few, "a": difference(0.04)}) == {"few": few, "a": difference(0.04)}
    assert holm({}) == {}


def test_what_did_not_change_raises_no_p_value():
    """Six networks with the same figures as before are no six further chances to err."""
    shift = np.full(COUNT, 0.02) + RANDOM.normal(0, 0.05, COUNT)
    changed = paired_difference(table(HARD + shift), table(HARD))
    unchanged = paired_difference(table(HARD), table(HARD))
    assert unchanged.verdict == "same"
    together = holm({"changed": changed, **{str(k): unchanged for k in range(6)}})
    assert together["changed"] == changed
    assert {together[str(k)].verdict for k in range(6)} == {"same"}
