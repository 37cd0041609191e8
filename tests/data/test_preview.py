from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcore.data.dataset import Pyramids, Split
from srcore.data.preview import sample_sheet


def pyramids(names: list[str], sizes: tuple[int, int, int] = (8, 16, 32)) -> Pyramids:
    draw = np.random.default_rng(0)
    levels = [draw.integers(0, 256, (len(names), size, size, 3), np.uint8) for size in sizes]
    return Pyramids(sizes, tuple(names), tuple(names), ((),) * len(names), *levels)


def parts(train: np.ndarray, validation: np.ndarray) -> Split:
    return Split(train, validation, np.array([], np.int64))


def test_every_pixel_of_every_size_is_on_the_sheet(tmp_path: Path):
    many = pyramids([str(i) for i in range(10)], (72, 144, 288))
    sample_sheet(many, parts(np.arange(0, 8), np.arange(8, 10)), tmp_path / "a.png")
    sheet = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    chosen = [0, 2, 5, 7, 8, 9]  # four training images and the two held-out ones
    for column, index in enumerate(chosen):
        for row, level in enumerate((many.low, many.mid, many.large)):
            top, left = 40 + row * 296, 24 + column * 296
            scale = 288 // level.shape[1]
            expected = level[index].repeat(scale, 0).repeat(scale, 1)
            assert np.array_equal(sheet[top : top + 288, left : left + 288], expected)


@pytest.mark.filterwarnings("error")
def test_equal_data_give_equal_bytes_whatever_the_names(tmp_path: Path):
    few = pyramids(["$x^$ & <b>", "日本.png", "long" * 60, "plain.png"])
    for name in ("a.png", "b.png"):
        sample_sheet(few, parts(np.array([0, 1]), np.array([2, 3])), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as sheet:
        assert not sheet.info.get("Software")


def test_fewer_images_than_places(tmp_path: Path):
    sample_sheet(pyramids(["a", "b"]), parts(np.array([0]), np.array([1])), tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").width == 24 + 2 * 40
