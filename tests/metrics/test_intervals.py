import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interval import mean_interval
from scipy.stats import ttest_1samp

from srcore.metrics.intervals import (
    ALPHA,
    MIN_GROUPS,
    Variance,
    half_width,
    p_value,
    variance_over_groups,
    variance_over_seeds,
)

SCORES = np.random.default_rng(1).normal(28, 3, 60)


def test_it_is_scipys_t_interval_where_each_image_stands_alone():
    expected = ttest_1samp(SCORES, 0).confidence_interval()
    assert mean_interval(SCORES, np.arange(60)) == pytest.approx((expected.low, expected.high))


def test_groups_of_one_size_are_judged_by_their_means():
    """Twelve scenes of five crops say as much as twelve figures, not as sixty."""
    expected = ttest_1samp(SCORES.reshape(12, 5).mean(axis=1), 0).confidence_interval()
    found = mean_interval(SCORES, np.repeat(np.arange(12), 5))
    assert found == pytest.approx((expected.low, expected.high))


@settings(max_examples=40)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), st.integers(0, 99))
def test_unequal_groups_are_corrected_as_bell_and_mccaffrey_do(sizes, seed):
    """Their matrices, written as in the paper, for the regression on a constant."""
    counts = np.array(sizes)
    groups, total = np.repeat(np.arange(len(counts)), counts), counts.sum()
    values = np.random.default_rng(seed).normal(size=total)
    alike = np.equal.outer(groups, groups).astype(float)  # images of one scene are alike
    centre = np.eye(total) - 1 / total
    totals = np.stack([(groups == g) / total for g in range(len(counts))]) @ centre
    weights = 1 / (1 - counts / total)
    form = totals.T @ np.diag(weights) @ totals
    product = form @ alike
    scale = (counts**2).sum() / total**2 / np.trace(product)
    found = variance_over_groups(values, groups)
    assert found.value == pytest.approx(scale * values @ form @ values)
    assert found.df == pytest.approx(np.trace(product) ** 2 / np.trace(product @ product))
    assert found.df <= len(counts) - 1 + 1e-9


def test_one_large_scene_among_many_small_ones_makes_the_interval_wide():
    values = np.random.default_rng(0).normal(size=60)
    even = mean_interval(values, np.repeat(np.arange(30), 2))
    uneven = mean_interval(values, [0] * 31 + list(range(1, 30)))
    assert uneven[1] - uneven[0] > 3 * (even[1] - even[0])


@pytest.mark.parametrize("groups", [1, 2, MIN_GROUPS - 1])
def test_a_few_scenes_have_no_interval(groups):
    assert mean_interval(SCORES, np.arange(60) % groups) is None


@given(st.floats(-1e6, 1e6), st.integers(MIN_GROUPS, 30))
def test_constant_values_have_no_spread(value, count):
    low, high = mean_interval([value] * count, np.arange(count))
    assert low == pytest.approx(value)
    assert high == pytest.approx(value)


def test_the_order_of_images_does_not_count():
    groups = np.arange(60) // 3
    order = np.random.default_rng(2).permutation(60)
    found = mean_interval(SCORES[order], groups[order])
    assert found == pytest.approx(mean_interval(SCORES, groups))


def test_trainings_are_judged_by_their_means():
    means = [0.1, 0.4, 0.3, -0.2]
    found, expected = variance_over_seeds(means), ttest_1samp(means, 0)
    assert half_width([found]) == pytest.approx(
        expected.confidence_interval().high - np.mean(means)
    )
    assert p_value(np.mean(means), [found]) == pytest.approx(expected.pvalue)


def test_a_mean_moved_by_two_things_is_less_sure_than_by_either():
    images, seeds = Variance(0.01, 164), Variance(0.02, 2)
    both = half_width([images, seeds])
    assert both**2 == pytest.approx(half_width([images]) ** 2 + half_width([seeds]) ** 2)


@given(st.floats(0.01, 5), st.floats(1, 200), st.floats(0, 3))
def test_the_p_value_says_what_the_interval_does(spread, df, mean):
    variances = [Variance(spread, df), Variance(0.1, 3)]
    assert (p_value(mean, variances) < ALPHA) == (abs(mean) > half_width(variances))


def test_certainty_and_nothing_at_all():
    assert p_value(0.0, [Variance(1, 3)]) == 1
    assert p_value(0.3, [Variance(0, 3)]) == 0
