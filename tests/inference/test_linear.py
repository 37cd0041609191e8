"""The linear filter: what it computes, and what its file survives."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from photographs import arrays
from safetensors import safe_open
from safetensors.numpy import save_file
from tiny import tiny_linear

from srcore.common.errors import StudyError
from srcore.inference import linear as module
from srcore.inference.linear import LinearFilter, exact_sums, load_linear


def by_torch(linear: LinearFilter, image: np.ndarray, scale: int) -> np.ndarray:
    """The same as a convolution with scale² outputs and a pixel shuffle."""
    inputs = torch.from_numpy(image.astype(float)).permute(2, 0, 1)[:, None]
    kernels = torch.from_numpy(linear.weights[scale]).reshape(scale**2, 1, 7, 7)
    made = F.conv2d(F.pad(inputs, (3, 3, 3, 3), mode="replicate"), kernels)
    levels = F.pixel_shuffle(made, scale).clamp(0, 255).round().to(torch.uint8)
    return levels[:, 0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("pixels", [1, 5 * 41, 4096])
def test_it_is_a_convolution_with_repeated_edges(monkeypatch, scale: int, pixels: int):
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", pixels)
    images = np.stack([array[40:63, 30:71] for array in arrays()])
    made = tiny_linear()(images, scale)
    assert made.shape == (len(images), scale * 23, scale * 41, 3)
    for image, found in zip(images, made, strict=True):
        expected = by_torch(tiny_linear(), image, scale)
        assert np.abs(found.astype(int) - expected).max() <= 1  # a tie may round either way
        assert (found != expected).mean() < 1e-3


def test_the_order_of_a_sum_does_not_move_a_bit():
    chance = np.random.default_rng(0)
    windows = chance.integers(256, size=(5000, 49)).astype(float)
    weights = chance.normal(0, 0.2, (16, 49))
    expected = exact_sums(windows, weights)
    for _ in range(5):
        order = chance.permutation(49)
        assert np.array_equal(exact_sums(windows[:, order], weights[:, order]), expected)
    np.testing.assert_allclose(expected, windows @ weights.T, rtol=0, atol=1e-5)


def test_an_image_smaller_than_the_window():
    made = tiny_linear()(np.full((1, 2, 1, 3), 90, np.uint8), 2)
    assert made.shape == (1, 4, 2, 3)
    assert np.abs(made.astype(int) - 90).max() <= 2


def test_what_is_saved_is_read_again_and_the_bytes_are_always_the_same(tmp_path: Path):
    for name in ("a", "b"):
        tiny_linear().save(tmp_path / name)
    files = [tmp_path / name / "linear.safetensors" for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()
    read = load_linear(tmp_path / "a")
    assert read.images == tiny_linear().images
    for scale, weights in tiny_linear().weights.items():
        assert np.array_equal(read.weights[scale], weights)
    with safe_open(files[0], "numpy") as file:
        assert set(json.loads(file.metadata()["card"])) == {"images", "version", "window"}


def test_its_size_is_196_and_784_numbers():
    assert {scale: w.size for scale, w in tiny_linear().weights.items()} == {2: 196, 4: 784}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "missing"),
        (b"", "damaged"),
        (b"x" * 100, "damaged"),
        ("folder", "is not a file but a folder"),
        ('{"images": 1e400}', "damaged"),
        ("[" * 100_000, "damaged"),
        (np.zeros((5, 5)), "another window"),
        (np.full((7, 7), -101.0), "above 100"),
        (np.full((7, 7), np.nan), "above 100"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, content, message: str):
    path = tmp_path / "linear.safetensors"
    if isinstance(content, np.ndarray):
        tensors = {f"x{scale}": np.tile(content, (scale, scale, 1, 1)) for scale in (2, 4)}
        save_file(tensors, path, metadata={"card": '{"images": 3}'})
    elif content == "folder":
        path.mkdir()
    elif isinstance(content, str):
        save_file({"x2": np.zeros(1)}, path, metadata={"card": content})
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=message) as caught:
        load_linear(tmp_path)
    assert "\n" not in str(caught.value)
    assert "dvc repro" in str(caught.value)
