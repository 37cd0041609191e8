from dataclasses import replace

import numpy as np
import pytest
from photographs import arrays
from PIL import Image
from tiny import CPU, tiny_network
from upscaling import enlarge

from srcore.features.extractor import load_extractor
from srcore.images.raster import Kept, Raster
from srcore.reporting.canvas import Canvas
from srcore.upscale.sheet import CELL, draw_sheet, find_details, on_white


def raster(colours: np.ndarray, alpha: np.ndarray | None = None) -> Raster:
    return Raster(colours, alpha, Kept())


@pytest.fixture
def drawn(monkeypatch) -> list:
    """Every text and every image that is drawn."""
    things: list = []
    text, cell = Canvas.text, Canvas.image

    def write(self, left, top, words, *args, **kwargs):
        things.append(words)
        return text(self, left, top, words, *args, **kwargs)

    def draw(self, left, top, side, pixels, *args):
        things.append(pixels)
        return cell(self, left, top, side, pixels, *args)

    monkeypatch.setattr(Canvas, "text", write)
    monkeypatch.setattr(Canvas, "image", draw)
    return things


@pytest.mark.parametrize("scale", [2, 4])
def test_details_are_those_of_the_images(tmp_path, bicubic, drawn, scale):
    before = raster(arrays()[2])
    after = enlarge(bicubic, before, scale, CPU)
    draw_sheet(before, after, scale, bicubic, name="cat.jpg", path=tmp_path / "a.png")
    words = [thing for thing in drawn if isinstance(thing, str)]
    assert f"cat.jpg ×{scale}" in words
    assert {"before", "bicubic", "subpixel"} <= set(words)
    repeated, interpolated, made = [thing for thing in drawn if not isinstance(thing, str)][:3]
    assert repeated.shape == interpolated.shape == made.shape
    assert repeated.shape[0] <= CELL
    assert (repeated[::scale, ::scale].repeat(scale, 0).repeat(scale, 1) == repeated).all()
    assert np.abs(interpolated.astype(int) - made).max() <= 2  # at the border
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
        assert image.width > 3 * CELL


def test_random_frozen_weights_are_said(tmp_path, drawn):
    network = tiny_network("vgg", 0, load_extractor("vgg", "random", CPU))
    before = raster(arrays()[2][:20, :20])
    after = enlarge(network, before, 2, CPU)
    draw_sheet(before, after, 2, network, name="cat.jpg", path=tmp_path / "a.png")
    assert {"vgg", "random weights"} <= {thing for thing in drawn if isinstance(thing, str)}


def test_an_ensemble_is_named_as_one(tmp_path, drawn):
    network = replace(tiny_network("basic"), ensemble=True)
    before = raster(arrays()[2][:20, :20])
    after = enlarge(network, before, 2, CPU)
    draw_sheet(before, after, 2, network, name="cat.jpg", path=tmp_path / "a.png")
    assert {"basic+", "self-ensemble"} <= {thing for thing in drawn if isinstance(thing, str)}


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (300, 20)])
def test_images_of_any_shape(tmp_path, bicubic, shape):
    alpha = np.full(shape, 700, np.uint16)
    before = raster(np.zeros((*shape, 1), np.uint16), alpha)
    after = enlarge(bicubic, before, 4, CPU)
    draw_sheet(before, after, 4, bicubic, name="a" * 200, path=tmp_path / "a.png")
    assert (tmp_path / "a.png").is_file()


def test_details_are_where_the_difference_is():
    difference = np.zeros((400, 600))
    difference[310:320, 20:40] = 2
    difference[50, 500] = 1
    first, second, _ = find_details(difference, 4)
    assert first.crop(difference).sum() == 400
    assert second.crop(difference).sum() == 1


def test_transparent_parts_are_drawn_on_white():
    colours = np.full((1, 3, 3), 100, np.uint8)
    alpha = np.array([[0, 51, 255]], np.uint8)
    assert on_white(raster(colours, alpha))[0, :, 0].tolist() == [255, 224, 100]
    wide = raster(colours.astype(np.uint16) * 257, alpha.astype(np.uint16) * 257)
    assert on_white(wide)[0, :, 0].tolist() == [255, 224, 100]
