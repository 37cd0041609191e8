import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from srcore.common.tensors import quantise, to_images, to_tensor

values = arrays(
    np.float32, array_shapes(max_dims=4, max_side=4), elements=st.floats(-3, 4, width=32)
)
images = arrays(
    np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.just(3))
)


@given(values)
def test_quantise_gives_the_nearest_of_256_values(x):
    out = quantise(torch.from_numpy(x)).numpy()
    levels = out * 255
    assert np.abs(levels - np.round(levels)).max() < 1e-4
    assert np.abs(out - np.clip(x, 0, 1)).max() <= 0.5 / 255 + 1e-6


@given(values)
def test_quantise_twice_changes_nothing(x):
    once = quantise(torch.from_numpy(x))
    assert torch.equal(quantise(once), once)


def test_quantise_keeps_all_256_values():
    levels = torch.arange(256) / 255
    assert torch.equal(quantise(levels), levels)


@given(images)
def test_images_survive_the_round_trip(x):
    assert np.array_equal(to_images(to_tensor(x)), x)


def test_channels_keep_their_place():
    x = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    tensor = to_tensor(x)
    assert tensor.shape == (2, 3, 4, 5)
    assert tensor.dtype == torch.float32
    assert round(tensor[1, 2, 3, 4].item() * 255) == x[1, 3, 4, 2]
    assert to_tensor(np.full((1, 1, 1, 3), 255, np.uint8)).max() == 1


@given(values.filter(lambda x: x.ndim == 4).map(lambda x: np.repeat(x[:, :1], 3, axis=1)))
def test_saved_images_are_the_quantised_ones(x):
    """What is judged (quantise) and what is saved (to_images) are the same image."""
    tensor = torch.from_numpy(np.ascontiguousarray(x))
    torch.testing.assert_close(to_tensor(to_images(tensor)), quantise(tensor), rtol=0, atol=1e-7)
