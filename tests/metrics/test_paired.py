"""Differences paired by image, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from srcore.metrics.intervals import FEW_GROUPS, mean_interval
from srcore.metrics.paired import Difference, paired_difference

COUNT = 40
RANDOM = np.random.default_rng(3)
HARD = RANDOM.normal(0, 2, COUNT)
"""What images differ by among themselves: far more than any two methods on one of them."""


def table(gain: np.ndarray, scenes: int = COUNT) -> pd.DataFrame:
    names = [f"{number:02}.png" for number in range(len(gain))]
    groups = [f"scene {number % scenes:02}" for number in range(len(gain))]
    return pd.DataFrame({"image": names, "group": groups, "gain": gain, "output": "mid"})


def test_the_interval_is_that_of_the_differences_by_image():
    noise = RANDOM.normal(0.1, 0.1, COUNT)
    found = paired_difference(table(HARD + noise), table(HARD), 500)
    assert found.mean == pytest.approx(noise.mean())
    assert (found.low, found.high) == pytest.approx(mean_interval(noise, range(COUNT), 500))
    assert (found.images, found.groups, found.verdict) == (COUNT, COUNT, "better")
    alone = mean_interval(HARD, range(COUNT), 500)
    assert found.high - found.low < 0.1 * (alone[1] - alone[0])


def test_images_are_paired_by_name_and_those_of_one_side_are_left_out():
    ours, theirs = table(HARD + 0.3), table(HARD)
    shuffled = theirs.sample(frac=1, random_state=0).iloc[:-5]
    found = paired_difference(ours, shuffled, 200)
    assert (found.low, found.mean, found.high) == pytest.approx((0.3, 0.3, 0.3))
    assert found.images == COUNT - 5
    others = theirs.assign(image="other " + theirs["image"])
    assert paired_difference(ours, others, 200) is None


def test_the_other_way_round_is_the_other_verdict():
    ours, theirs = table(HARD + RANDOM.normal(0.3, 0.1, COUNT)), table(HARD)
    there, back = paired_difference(ours, theirs, 300), paired_difference(theirs, ours, 300)
    assert (there.verdict, back.verdict) == ("better", "worse")
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert there.told
    assert back.told


@pytest.mark.parametrize(
    ("ends", "groups", "spread", "verdict", "words"),
    [
        ((0.1, 0.2, 0.3), 40, 0, "better", "better"),
        ((-0.3, -0.2, -0.1), 40, 0, "worse", "worse"),
        ((-0.1, 0.1, 0.3), 40, 0, "noise", "noise"),
        ((0, 0.1, 0.2), 40, 0, "noise", "noise"),
        ((-0.1, 0.1, 0.3), 40, 1, "noise", "noise"),
        ((0.1, 0.2, 0.3), 40, 0.2, "better", "better"),
        ((0.1, 0.2, 0.3), 40, 0.21, "seeds", "noise: below the seeds’ spread"),
        ((-0.3, -0.2, -0.1), 40, 0.21, "seeds", "noise: below the seeds’ spread"),
        ((0.1, 0.2, 0.3), FEW_GROUPS, 0, "better", "better"),
        ((0.1, 0.2, 0.3), FEW_GROUPS - 1, 0, "few", "9 scenes: too few to tell"),
        ((0.2, 0.2, 0.2), 1, 0.3, "few", "1 scene: too few to tell"),
        ((0, 0, 0), 2, 0.3, "same", "same"),
    ],
)
def test_verdicts(ends, groups, spread, verdict, words):
    low, mean, high = ends
    found = Difference(mean, low, high, 40, groups, spread)
    assert (found.verdict, found.words) == (verdict, words)
    assert found.told == (verdict in ("better", "worse"))


def test_crops_of_a_few_scenes_tell_nothing():
    assert paired_difference(table(HARD + 1, scenes=3), table(HARD, scenes=3), 100).verdict == "few"


def test_the_spreads_of_both_add_up_as_independent_ones_do():
    found = paired_difference(table(HARD + 1), table(HARD), 100, (0.3, 0.4))
    assert found.spread == pytest.approx(0.5)


def test_noise_around_nothing_is_rarely_called_more():
    random = np.random.default_rng(0)
    told = [
        paired_difference(table(random.normal(0, 1, COUNT)), table(np.zeros(COUNT)), 200).told
        for _ in range(100)
    ]
    assert 0 < sum(told) <= 12  # of a 95 % interval: about one in twenty
