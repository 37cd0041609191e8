"""Against a literal float64 transcription of MATLAB's imresize (`tests/matlab.py`)."""

import numpy as np
import pytest
from matlab import literal
from photographs import arrays
from skimage.color import rgb2ycbcr

from srcore.images.matlab import crop_to_multiple, imresize, luma


@pytest.mark.parametrize("scale", [1 / 2, 1 / 4, 2, 4])
@pytest.mark.parametrize("image", arrays(), ids=lambda x: f"{x.shape[1]}x{x.shape[0]}")
def test_photographs_as_the_literal_program(image, scale):
    """To the last bit, at odd sizes too: weights of halves and quarters are exact in binary."""
    found = imresize(image, scale)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, literal(image, scale))


@pytest.mark.parametrize("scale", [1 / 3, 3, 0.7, 1.3])
def test_other_scales_as_the_literal_program(scale):
    image = arrays()[2]
    found, expected = imresize(image, scale).astype(int), literal(image, scale).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1  # where a sum lies between two levels
    assert (found != expected).mean() < 0.01


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2), (5, 4)])
@pytest.mark.parametrize("scale", [1 / 4, 1 / 2, 2, 4])
def test_images_smaller_than_the_kernel(size, scale):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    np.testing.assert_array_equal(imresize(image, scale), literal(image, scale))


def test_grey_images_need_no_channel():
    image = arrays()[0]
    np.testing.assert_array_equal(imresize(image[..., 1], 0.5), imresize(image, 0.5)[..., 1])


@pytest.mark.parametrize("scale", [1 / 4, 1 / 2, 2, 4])
def test_a_flat_image_stays_flat(scale):
    assert set(imresize(np.full((13, 20, 3), 77, np.uint8), scale).flat) == {77}


def test_an_impulse_enlarged_shows_keys_kernel():
    """Its values at quarter and three-quarter steps, a = -0.5, times 128: worked out by hand."""
    line = np.full((1, 9), 100, np.uint8)
    line[0, 4] = 228
    doubled = imresize(line, 2)
    assert doubled.shape == (2, 18)
    assert doubled[0].tolist() == [*[100] * 5, 97, 91, 129, 211, 211, 129, 91, 97, *[100] * 5]


def test_the_kernel_is_widened_when_shrinking():
    """Half of the values above, 55.5, 14.5, -4.5 and -1.5, on the ground of 100; halves go up."""
    line = np.full((2, 24), 100, np.uint8)
    line[:, 12] = 228
    assert imresize(line, 0.5).tolist() == [[*[100] * 4, 99, 115, 156, 96, *[100] * 4]]


def test_halves_are_rounded_up():
    """A step in the middle between two outputs of ½: numpy's own rounding would give 0."""
    line = np.zeros((2, 24), np.uint8)
    line[:, 13:] = 1
    assert imresize(line, 0.5)[0].tolist() == [0] * 6 + [1] * 6


def test_beyond_the_border_lies_its_mirror_image():
    image = arrays()[2]
    mirrored = np.pad(image, ((8, 8), (8, 8), (0, 0)), mode="symmetric")
    np.testing.assert_array_equal(imresize(mirrored, 2)[16:-16, 16:-16], imresize(image, 2))


@pytest.mark.parametrize("image", arrays())
def test_luma_as_scikit_image(image):
    np.testing.assert_allclose(luma(image), rgb2ycbcr(image)[..., 0], rtol=0, atol=1e-9)


def test_luma_of_black_white_and_the_colours():
    colours = 255 * np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.uint8)
    expected = [16, 235, 81.481, 144.553, 40.966]
    np.testing.assert_allclose(luma(colours), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("size", "scale", "left"), [((9, 11), 4, (8, 8)), ((8, 6), 2, (8, 6))])
def test_sides_become_multiples(size, scale, left):
    image = np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(*size, 3)
    found = crop_to_multiple(image, scale)
    np.testing.assert_array_equal(found, image[: left[0], : left[1]])
