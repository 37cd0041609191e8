"""What is resized a band at a time is what Pillow makes of the whole."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photographs import arrays
from PIL import Image

from srcore.upscale.flat import flat
from srcore.upscale.resize import alpha_rows, shrink

PHOTOGRAPH = arrays()[2]  # 75 × 97


def bands(pixels: np.ndarray, rows: list[int]):
    edges = [*np.clip(np.cumsum([0, *rows]), 0, len(pixels)).tolist(), len(pixels)]
    return (pixels[a:b] for a, b in pairwise(edges) if b > a)


@given(st.lists(st.integers(1, 40), max_size=8), st.integers(1, 97), st.integers(1, 75))
def test_bands_shrink_to_what_the_whole_does(rows, width, height):
    made = np.concatenate(list(shrink(bands(PHOTOGRAPH, rows), (97, 75), (width, height))))
    expected = Image.fromarray(PHOTOGRAPH).resize((width, height), Image.Resampling.BICUBIC)
    assert made.shape == (height, width, 3)
    assert np.abs(made.astype(int) - np.asarray(expected)).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_shrink_as_8_do(channels):
    wide = PHOTOGRAPH[..., :channels].astype(np.uint16) * 257
    made = np.concatenate(list(shrink(bands(wide, [20] * 3), (97, 75), (50, 31))))
    eight = Image.fromarray(PHOTOGRAPH).resize((50, 31), Image.Resampling.BICUBIC)
    assert made.dtype == np.uint16
    assert np.abs(made / 257 - np.asarray(eight)[..., :channels]).max() <= 1


@pytest.mark.parametrize("size", [(388, 300), (150, 116), (60, 40)])
def test_rows_of_transparency_are_those_of_the_whole(size):
    alpha = PHOTOGRAPH[..., 1]
    whole = alpha_rows(alpha, size, 0, size[1])
    parts = [alpha_rows(alpha, size, k, min(k + 17, size[1])) for k in range(0, size[1], 17)]
    assert np.abs(np.concatenate(parts).astype(int) - whole).max() <= 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_flat_is_where_all_around_is_one_colour(seed, radius):
    chance = np.random.default_rng(seed)
    image = np.zeros((14, 17, 1), np.uint8)
    image[chance.integers(14), chance.integers(17)] = 1
    padded = np.pad(image[..., 0], radius + 1, mode="edge")
    found = flat(image, 3, 11, radius)
    for y, x in np.ndindex(8, 17):
        around = padded[y + 4 : y + 4 + 2 * radius + 1, x + 1 : x + 2 + 2 * radius]
        if found[y, x]:
            assert (around == around[0, 0]).all()
        wider = padded[y + 3 : y + 5 + 2 * radius, x : x + 2 + 2 * radius]
        if (wider == wider[0, 0]).all():
            assert found[y, x]
