import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from srcore.metrics.intervals import RESAMPLES_AT_ONCE, mean_interval

SCORES = np.random.default_rng(1).normal(28, 3, 60)


def test_it_is_scipys_percentile_bootstrap_where_each_image_stands_alone():
    low, high = mean_interval(SCORES, np.arange(60), 50_000)
    expected = bootstrap(
        (SCORES,), np.mean, n_resamples=50_000, method="percentile", random_state=0
    ).confidence_interval
    assert low == pytest.approx(expected.low, abs=0.02)
    assert high == pytest.approx(expected.high, abs=0.02)


def test_it_is_near_the_normal_interval():
    low, high = mean_interval(SCORES, np.arange(60), 20_000)
    half = 1.96 * SCORES.std() / np.sqrt(60)
    assert low == pytest.approx(SCORES.mean() - half, abs=0.05)
    assert high == pytest.approx(SCORES.mean() + half, abs=0.05)


def test_groups_widen_the_interval():
    """Six scenes of ten like crops say as much as six images, not as sixty."""
    scenes = np.repeat([24.0, 26, 27, 29, 30, 33], 10)
    values = scenes + np.random.default_rng(0).normal(0, 0.1, 60)
    alone = mean_interval(values, np.arange(60), 5000)
    together = mean_interval(values, np.repeat(np.arange(6), 10), 5000)
    six = mean_interval([24.0, 26, 27, 29, 30, 33], np.arange(6), 5000)
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    np.testing.assert_allclose(together, six, atol=0.2)


def test_groups_of_unequal_size_weigh_by_their_images():
    values, groups = [1.0, 1, 1, 1, 1, 1, 1, 1, 1, 0], ["a"] * 9 + ["b"]
    low, high = mean_interval(values, groups, 1000)
    assert (low, high) == (0, 1)  # both drawn twice, now and then
    means = {0.0, 0.9, 1.0}
    assert {mean_interval(values, groups, 100, seed)[1] for seed in range(5)} <= means


@given(st.floats(-1e6, 1e6), st.integers(1, 30), st.integers(1, 5))
def test_constant_values_have_no_spread(value, count, groups):
    low, high = mean_interval([value] * count, np.arange(count) % groups, 100)
    assert low == pytest.approx(value)
    assert high == pytest.approx(value)


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40), st.integers(0, 5))
def test_the_interval_lies_within_the_values(values, seed):
    low, high = mean_interval(values, np.arange(len(values)), 200, seed)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_it_is_seeded_and_order_of_images_within_a_group_does_not_count():
    groups = np.arange(60) // 3
    first = mean_interval(SCORES, groups, 999)
    assert first == mean_interval(SCORES, groups, 999)
    assert first != mean_interval(SCORES, groups, 999, seed=1)
    swapped = SCORES.reshape(20, 3)[:, ::-1].ravel()
    np.testing.assert_allclose(mean_interval(swapped, groups, 999), first)


def test_resamples_are_all_used_whatever_the_block(monkeypatch):
    assert 1000 % RESAMPLES_AT_ONCE
    whole = mean_interval(SCORES, np.arange(60), 1000)
    monkeypatch.setattr("srcore.metrics.intervals.RESAMPLES_AT_ONCE", 1000)
    assert mean_interval(SCORES, np.arange(60), 1000) == whole


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    draws = random.exponential(1, (300, 50))
    hits = 0
    for values in draws:
        low, high = mean_interval(values, np.arange(50), 400)
        hits += low <= 1 <= high
    assert 0.88 <= hits / 300 <= 0.98
