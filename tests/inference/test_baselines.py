import numpy as np
import pytest
import torch
from photographs import arrays
from PIL import Image

from srcore.inference.baselines import METHODS, upscale

each_method = pytest.mark.parametrize("method", METHODS)
each_scale = pytest.mark.parametrize("scale", [2, 4])


def triangle(x):
    return np.clip(1 - np.abs(x), 0, None)


def cubic(x):
    """Keys' kernel with a = −1/2, the interpolating one of third order."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def lanczos3(x):
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


KERNELS = {"bilinear": triangle, "bicubic": cubic, "lanczos": lanczos3}


def weights(kernel, side: int, scale: int) -> np.ndarray:
    """(scale · side, side): how much each pixel counts, centres half a pixel in, rows sum to 1."""
    centres = (np.arange(scale * side) + 0.5) / scale - 0.5
    table = kernel(centres[:, None] - np.arange(side)[None, :])
    return table / table.sum(axis=1, keepdims=True)


def to_8_bits(x: np.ndarray) -> np.ndarray:
    return np.floor(x.clip(0, 255) + 0.5)


def textbook(image: np.ndarray, method: str, scale: int) -> np.ndarray:
    """Enlarge by the definition: rows first, then columns, each pass rounded to 8 bits."""
    kernel, (height, width) = KERNELS[method], image.shape[:2]
    rows, columns = weights(kernel, height, scale), weights(kernel, width, scale)
    wide = np.einsum("jw,hwc->hjc", columns, image.astype(float), optimize=True)
    wide = to_8_bits(wide)
    return to_8_bits(np.einsum("ih,hjc->ijc", rows, wide, optimize=True))


@each_scale
def test_nearest_repeats_pixels(scale):
    image = arrays()[2]
    expected = image.repeat(scale, axis=0).repeat(scale, axis=1)
    assert np.array_equal(upscale(image[None], "nearest", scale)[0], expected)


@each_scale
@pytest.mark.parametrize("method", KERNELS)
@pytest.mark.parametrize("index", [1, 2])
def test_photographs_by_the_textbook(method, scale, index):
    image = arrays()[index]
    ours = upscale(image[None], method, scale)[0].astype(float)
    difference = np.abs(ours - textbook(image, method, scale))
    assert difference.max() <= 1  # Pillow's weights are fixed-point numbers
    assert difference.mean() < 0.01


@each_scale
def test_bilinear_is_the_networks_upsampling(scale):
    image = arrays()[1]
    x = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].double()
    theirs = torch.nn.functional.interpolate(x, scale_factor=scale, mode="bilinear")
    ours = upscale(image[None], "bilinear", scale)[0].astype(float)
    assert np.abs(ours - theirs[0].permute(1, 2, 0).numpy()).max() < 1.1


@each_method
def test_channels_do_not_mix(method):
    image = arrays()[2]
    height, width = image.shape[:2]
    channels = [
        Image.fromarray(np.ascontiguousarray(image[..., c])).resize(
            (2 * width, 2 * height), METHODS[method]
        )
        for c in range(3)
    ]
    expected = np.stack([np.asarray(channel) for channel in channels], axis=-1)
    assert np.array_equal(upscale(image[None], method, 2)[0], expected)


@each_method
@each_scale
def test_a_flat_image_stays_flat(method, scale):
    flat = np.empty((3, 5, 9, 3), np.uint8)
    flat[:] = np.array([0, 128, 255], np.uint8)[:, None, None, None]
    out = upscale(flat, method, scale)
    assert out.dtype == np.uint8
    assert out.shape == (3, 5 * scale, 9 * scale, 3)
    assert (out == flat[:, :1, :1]).all()


@each_method
def test_images_of_a_batch_are_apart(method):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 7, 12, 3), np.uint8)
    together = upscale(images, method, 4)
    for i in range(3):
        assert np.array_equal(together[i], upscale(images[i : i + 1], method, 4)[0])
