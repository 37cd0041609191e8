"""The eight ways: all different, undone by others, the same for a picture and its smaller self."""

import numpy as np
import pytest
import torch
from PIL import Image

from srcore.augment import WAYS, turned


def test_all_ways_of_a_picture_without_symmetry_differ():
    picture = torch.arange(12.0).reshape(1, 3, 2, 2)
    assert len({tuple(turned(picture, way).flatten().tolist()) for way in range(WAYS)}) == WAYS


def test_way_0_changes_nothing():
    pictures = torch.rand(2, 3, 5, 5)
    assert turned(pictures, 0) is pictures or turned(pictures, 0).equal(pictures)


@pytest.mark.parametrize("way", range(WAYS))
def test_a_way_is_undone_by_another(way):
    pictures = torch.rand(2, 3, 5, 5)
    assert any(turned(turned(pictures, way), back).equal(pictures) for back in range(WAYS))


@pytest.mark.parametrize("way", range(WAYS))
def test_turning_commutes_with_downscaling(way):
    """So that low, mid and large still belong together after they were turned."""

    def smaller(picture: torch.Tensor) -> torch.Tensor:
        image = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
        resized = np.array(image.resize((9, 9), Image.Resampling.BICUBIC))
        return torch.from_numpy(resized).permute(2, 0, 1)

    torch.manual_seed(0)
    large = torch.randint(0, 256, (3, 36, 36), dtype=torch.uint8)
    ours = smaller(turned(large[None], way)[0]).int()
    theirs = turned(smaller(large)[None], way)[0].int()
    assert (ours - theirs).abs().max() <= 1, "Pillow rounds between rows and columns"
