"""Fitting the linear filter: the least squared error, in the same bits every time."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny import tiny_pyramids

from srcore.data.dataset import Pyramids
from srcore.evaluation import least_squares as module
from srcore.evaluation.least_squares import fit_linear, solve
from srcore.inference.baselines import upscale

ROWS = np.array([0, 2, 3])


@pytest.fixture(scope="module")
def pyramids() -> Pyramids:
    return tiny_pyramids(4, low=40)


def by_lstsq(pyramids: Pyramids, rows: np.ndarray, scale: int) -> np.ndarray:
    """numpy's solution for patches cut out by torch: (scale, scale, 7, 7)."""
    high = {2: pyramids.mid, 4: pyramids.large}[scale]
    low, target = (
        torch.from_numpy(images[rows].astype(float)).permute(0, 3, 1, 2).flatten(0, 1)[:, None]
        for images in (pyramids.low, high)
    )
    patches = F.unfold(F.pad(low, (3, 3, 3, 3), mode="replicate"), 7)
    places = F.pixel_unshuffle(target, scale).flatten(2)
    left, right = (x.transpose(1, 2).flatten(0, 1).numpy() for x in (patches, places))
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    return found.T.reshape(scale, scale, 7, 7)


@pytest.mark.parametrize("scale", [2, 4])
def test_it_is_numpys_least_squares_on_patches(pyramids, scale):
    found = fit_linear(pyramids, ROWS)
    assert found.images == 3
    expected = by_lstsq(pyramids, ROWS, scale)
    np.testing.assert_allclose(found.weights[scale], expected, atol=2e-4)


def test_the_bits_do_not_depend_on_order_or_bands(pyramids, monkeypatch):
    once = fit_linear(pyramids, ROWS)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    again = fit_linear(pyramids, ROWS[::-1].copy())
    for scale, weights in once.weights.items():
        assert np.array_equal(again.weights[scale], weights)


def test_no_image_is_made_worse_than_by_bicubic(pyramids):
    """It was fitted on them, so on the whole its error is the least that weights can give."""
    linear = fit_linear(pyramids, np.arange(4))
    for scale, high in ((2, pyramids.mid), (4, pyramids.large)):
        errors = [
            np.square(made - high.astype(float)).mean()
            for made in (linear(pyramids.low, scale), upscale(pyramids.low, "bicubic", scale))
        ]
        assert errors[0] < 0.97 * errors[1]


@pytest.mark.parametrize("level", [0, 200])
def test_flat_images_have_an_answer_too(pyramids, level):
    flat = replace(
        pyramids,
        **{name: np.full_like(getattr(pyramids, name), level) for name in ("low", "mid", "large")},
    )
    made = fit_linear(flat, ROWS)(flat.low[:1], 2)
    assert (made == level).all()


def test_equations_are_solved_to_the_nearest_float():
    random = np.random.default_rng(0)
    factor = random.integers(-9, 9, (6, 5))
    left = factor.T @ factor + np.eye(5, dtype=np.int64)
    right = random.integers(-99, 99, (5, 2))
    found = solve(left, right)
    for row in range(5):
        for column in range(2):  # the exact residual of the rounded solution is that of rounding
            exact = sum(
                int(left[row, k]) * Fraction(float(found[k, column])) for k in range(5)
            ) - int(right[row, column])
            assert abs(exact) <= np.abs(left[row]).sum() * np.abs(found).max() * 2**-53


def test_equations_that_floats_lose_their_way_in():
    """Hilbert's matrix of size 12, in whole numbers: its condition is 10¹⁶."""
    common = 5354228880  # the least common multiple of 1 to 23
    left = np.array([[common // (i + j + 1) for j in range(12)] for i in range(12)])
    found = solve(left, left.sum(axis=1, keepdims=True))
    assert (found == 1).all()
    assert np.abs(np.linalg.solve(left, left.sum(axis=1)) - 1).max() > 1e-3
