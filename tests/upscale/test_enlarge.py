import numpy as np
import pytest
import torch
from photographs import arrays
from PIL import Image
from tiny import CPU, tiny_network
from upscaling import enlarge

from srcore.common.errors import StudyError
from srcore.common.tensors import to_images, to_tensor
from srcore.images.raster import Kept, Raster, raster_of
from srcore.upscale.bleed import bleed
from srcore.upscale.enlarge import enlarge_rows
from srcore.upscale.resize import alpha_rows

PHOTOGRAPH = arrays()[2][:24, :31]


def image(colours: np.ndarray, alpha: np.ndarray | None = None) -> Raster:
    colours = colours if colours.ndim == 3 else colours[..., None]
    return Raster(colours, alpha, Kept())


@pytest.mark.parametrize(("output", "scale"), [("mid", 2), ("large", 4)])
@pytest.mark.parametrize("name", ["multi", "subpixel"])
def test_pixels_are_those_of_the_network(name, output, scale):
    network = tiny_network(name)
    made = enlarge(network, image(PHOTOGRAPH), scale, CPU, tile=16)
    padded = np.pad(PHOTOGRAPH, [(32, 32), (32, 32), (0, 0)], mode="edge")
    expected = to_images(network(to_tensor(padded[None]))[output])[0]
    inside = slice(32 * scale, -32 * scale)
    difference = np.abs(made.colours.astype(int) - expected[inside, inside])
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.999


def test_a_network_with_one_output_says_so():
    with pytest.raises(
        StudyError, match=r"^basic enlarges by 2 at most, not by 4; give --scale 2 or"
    ):
        enlarge(tiny_network("basic"), image(PHOTOGRAPH), 4, CPU)


def test_grey_is_the_mean_of_what_the_network_makes_of_it():
    network, grey = tiny_network("subpixel"), PHOTOGRAPH[..., 0]
    made = enlarge(network, image(grey), 2, CPU).colours
    padded = np.pad(grey, 32, mode="edge")[..., None]
    coloured = network(to_tensor(np.repeat(padded, 3, axis=2)[None]))["mid"][..., 64:-64, 64:-64]
    expected = coloured.mean(dim=1).mul(255).round().clamp(0, 255)[0].numpy()
    assert made.shape == (48, 62, 1)
    assert np.abs(made[..., 0] - expected).max() <= 1


def test_colours_of_what_cannot_be_seen_do_not_show(bicubic):
    """A white disc on transparent black: no dark rim once it is enlarged."""
    y, x = np.mgrid[:24, :24] - 11.5
    alpha = np.where(x**2 + y**2 < 64, 255, 0).astype(np.uint8)
    colours = np.where(alpha[..., None] > 0, (250, 240, 230), (0, 0, 0)).astype(np.uint8)
    made = enlarge(bicubic, image(colours, alpha), 4, CPU)
    seen = made.alpha > 0
    assert 0.1 < seen.mean() < 0.9
    assert np.abs(made.colours[seen].astype(int) - (250, 240, 230)).max() <= 1
    assert (made.alpha == alpha_rows(alpha, (96, 96), 0, 96)).all()


def test_what_is_hardly_seen_hardly_counts_where_an_image_is_shrunk(bicubic):
    """As Pillow has it for RGBA; columns of white between others of black that are nearly gone."""
    colours = np.zeros((24, 64, 3), np.uint8)
    alpha = np.ones((24, 64), np.uint8)
    colours[:, ::2], alpha[:, ::2] = 255, 255
    made = enlarge(bicubic, image(colours, alpha), 0.5, CPU)
    rgba = Image.fromarray(np.dstack([colours, alpha]))
    expected = np.asarray(rgba.resize((32, 12), Image.Resampling.BICUBIC))
    assert np.abs(made.colours.astype(int) - expected[..., :3]).max() <= 3
    assert (made.alpha == expected[..., 3]).all()
    assert made.colours.min() > 250


@pytest.mark.parametrize("size", [20, 200, 1600])
def test_colours_of_what_cannot_be_seen_do_not_show_however_small_it_becomes(bicubic, size):
    y, x = np.mgrid[:1600, :1600] - 799.5
    alpha = np.where(x**2 + y**2 < 600**2, 255, 0).astype(np.uint8)
    colours = np.where(alpha[..., None] > 0, (255, 0, 0), (0, 255, 0)).astype(np.uint8)
    made = enlarge(bicubic, image(colours, alpha), size / 1600, CPU)
    assert (made.colours[made.alpha > 0] == (255, 0, 0)).all()
    assert (made.colours[0, 0] == (0, 255, 0)).all(), "where nothing is seen it stays as it is"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(128, 12), (6, 150)])
def test_colours_of_what_cannot_be_seen_do_not_show_where_one_side_grows(bicubic, size, dtype):
    """The network enlarges by the side that grows, and the other one is shrunk a lot after it."""
    width, height = (64, 600) if size[0] > size[1] else (600, 64)
    colours = np.zeros((height, width, 3), np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    seen = (slice(61), slice(None)) if height == 600 else (slice(None), slice(161))
    colours[..., 1] = 255
    colours[seen], alpha[seen] = (255, 0, 0), 255
    deep = 257 if dtype == np.uint16 else 1
    given = image(colours.astype(dtype) * dtype(deep), alpha.astype(dtype) * dtype(deep))
    made = raster_of(enlarge_rows(bicubic, given, size, CPU))
    assert 0 < (made.alpha > 0).mean() < 0.5
    assert (made.colours[made.alpha > 0] == (255 * deep, 0, 0)).all()
    alone = alpha_rows(given.alpha, size, 0, size[1])
    assert (made.alpha == alone).all()


def test_what_is_shrunk_after_the_network_is_as_without_transparency_where_all_is_seen(bicubic):
    for factor in (2, 2.5):
        opaque = enlarge(bicubic, image(PHOTOGRAPH), factor, CPU).colours.astype(int)
        alpha = np.full(PHOTOGRAPH.shape[:2], 255, np.uint8)
        made = enlarge(bicubic, image(PHOTOGRAPH, alpha), factor, CPU).colours
        assert np.abs(made - opaque).max() <= (0 if factor == 2 else 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_and_alpha_are_shrunk_as_8_are(bicubic, channels):
    colours, alpha = PHOTOGRAPH[..., :channels], PHOTOGRAPH[..., 1]
    wide, deep = (x.astype(np.uint16) * 257 for x in (colours, alpha))
    eight = enlarge(bicubic, image(colours, alpha), 0.6, CPU)
    sixteen = enlarge(bicubic, image(wide, deep), 0.6, CPU)
    assert sixteen.colours.dtype == np.uint16
    assert np.abs(sixteen.colours / 257 - eight.colours).max() <= 1


def test_nothing_is_bled_where_all_or_nothing_is_seen():
    for value in (0, 255):
        alpha = np.full((24, 31), value, np.uint8)
        assert bleed(PHOTOGRAPH, alpha, 9) is PHOTOGRAPH


def test_bled_colours_are_those_of_the_nearest():
    colours = np.arange(5, dtype=np.uint8)[None, :, None]
    alpha = np.array([[0, 0, 9, 0, 255]], np.uint8)
    assert bleed(colours, alpha, 9)[0, :, 0].tolist() in ([2, 2, 2, 2, 4], [2, 2, 2, 4, 4])


@pytest.mark.parametrize("scale", [2, 4])
def test_alpha_is_enlarged_as_pillow_does(scale):
    channel = PHOTOGRAPH[..., 0]
    size = (scale * 31, scale * 24)
    expected = np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BICUBIC))
    assert np.abs(alpha_rows(channel, size, 0, size[1]).astype(int) - expected).max() <= 1
    wide = alpha_rows(channel.astype(np.uint16) * 257, size, 0, size[1])
    assert wide.dtype == np.uint16
    assert np.abs(wide / 257 - expected).max() < 1.5


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3)])
def test_the_smallest_images(size):
    made = enlarge(tiny_network("dilated"), image(PHOTOGRAPH[: size[0], : size[1]]), 4, CPU)
    assert made.colours.shape == (4 * size[0], 4 * size[1], 3)


def test_16_bits_are_finer_than_8():
    torch.manual_seed(0)
    ramp = np.linspace(20_000, 20_500, 24 * 31).round().astype(np.uint16).reshape(24, 31)
    made = enlarge(tiny_network("subpixel"), image(ramp), 2, CPU).colours
    assert made.dtype == np.uint16
    assert len(np.unique(made)) > 200
