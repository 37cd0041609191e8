"""The eight dihedral transforms: all different, undone by others, the same at every size."""

import numpy as np
import pytest
import torch
from PIL import Image

from srcore.training.augment import DIHEDRAL, dihedral, undo_dihedral


def test_all_transforms_of_an_image_without_symmetry_differ():
    image = torch.arange(12.0).reshape(1, 3, 2, 2)
    assert (
        len({tuple(dihedral(image, symmetry).flatten().tolist()) for symmetry in range(DIHEDRAL)})
        == DIHEDRAL
    )


def test_transform_0_changes_nothing():
    images = torch.rand(2, 3, 5, 5)
    assert dihedral(images, 0) is images or dihedral(images, 0).equal(images)


@pytest.mark.parametrize("symmetry", range(DIHEDRAL))
def test_a_transform_is_undone_by_another(symmetry):
    images = torch.rand(2, 3, 5, 5)
    assert any(dihedral(dihedral(images, symmetry), back).equal(images) for back in range(DIHEDRAL))


@pytest.mark.parametrize("symmetry", range(DIHEDRAL))
@pytest.mark.parametrize("size", [(5, 5), (3, 7)])
def test_each_transform_is_undone(symmetry, size):
    images = torch.rand(2, 3, *size)
    assert undo_dihedral(dihedral(images, symmetry), symmetry).equal(images)


@pytest.mark.parametrize("symmetry", range(DIHEDRAL))
def test_rotation_commutes_with_downscaling(symmetry):
    """So that low, mid and large still belong together after a transform."""

    def smaller(image: torch.Tensor) -> torch.Tensor:
        pillow = Image.fromarray(image.permute(1, 2, 0).contiguous().numpy())
        resized = np.array(pillow.resize((9, 9), Image.Resampling.BICUBIC))
        return torch.from_numpy(resized).permute(2, 0, 1)

    torch.manual_seed(0)
    large = torch.randint(0, 256, (3, 36, 36), dtype=torch.uint8)
    ours = smaller(dihedral(large[None], symmetry)[0]).int()
    theirs = dihedral(smaller(large)[None], symmetry)[0].int()
    assert (ours - theirs).abs().max() <= 1, "Pillow rounds between rows and columns"
