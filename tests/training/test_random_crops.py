"""Random crops: as Pillow shrinks them, aligned, from every place, and for every network."""

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import CPU, tiny_pyramids
from torch import Tensor

from srcore.common.tensors import to_images, to_tensor
from srcore.models.scales import OUTPUTS
from srcore.training.augment import DIHEDRAL, dihedral
from srcore.training.batches import Examples
from srcore.training.crops import MARGIN, crop, draw_corner, shrink


@pytest.mark.parametrize("divisor", [2, 4])
@pytest.mark.parametrize("device", ["cpu", "another"])
def test_it_shrinks_as_pillow_does(device, divisor, monkeypatch):
    images = tiny_pyramids(3, low=24).large
    given = torch.from_numpy(images)
    if device == "another":  # its arithmetic, on this processor
        monkeypatch.setattr(Tensor, "device", torch.device("cuda"))
    ours = shrink(given, divisor).numpy().astype(int)
    side = images.shape[1] // divisor
    for image, shrunk in zip(images, ours, strict=True):
        theirs = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
        difference = np.abs(shrunk - np.asarray(theirs))
        assert difference.max() <= {"cpu": 1, "another": 16}[device]
        assert difference.mean() < {"cpu": 0.01, "another": 0.2}[device]


def test_a_crop_starts_at_every_pixel_that_leaves_room():
    rng = np.random.default_rng(0)
    image = torch.arange(64)[None, None, :, None].expand(1, 64, 64, 3)
    for scale in OUTPUTS.values():
        corners = {draw_corner(rng, scale) for _ in range(3000)}
        starts = range(MARGIN * scale + 1)
        assert corners == {(top, left) for top in starts for left in starts}
        ends = {crop(image, corner, scale)[0, 0, -1, 0].item() for corner in corners}
        assert max(ends) == 63
        assert len(ends) == len(starts)


@pytest.mark.parametrize("outputs", [("mid", "large"), ("mid",)])
def test_a_crop_and_what_is_made_of_it_belong_together(outputs):
    """Of the largest target, in place; smaller ones and the input are that, shrunk."""
    pyramids, rows, corner = tiny_pyramids(4), np.array([2, 0]), (3, 1)
    examples = Examples.of(pyramids, None, outputs, CPU)
    scale = OUTPUTS[outputs[-1]]
    (low,), targets = examples.take(rows, corner=corner)
    assert list(targets) == list(outputs)
    side = 16 - MARGIN
    assert low.shape == (2, 3, side, side)
    largest = targets[outputs[-1]]
    stored = getattr(pyramids, outputs[-1])[rows]
    np.testing.assert_array_equal(
        to_images(largest), stored[:, 3 : 3 + scale * side, 1 : 1 + scale * side]
    )
    for name, target in {**targets, "low": low}.items():
        assert target.shape[-1] == OUTPUTS.get(name, 1) * side
        if target is not largest:
            whole = torch.from_numpy(to_images(largest))
            shrunk = shrink(whole, largest.shape[-1] // target.shape[-1])
            assert to_images(target).tolist() == shrunk.tolist()


def test_a_crop_in_the_middle_is_about_what_the_pyramids_have():
    """They shrink the original and a crop shrinks the large image, which is nearly the same."""
    pyramids, rows = tiny_pyramids(3, low=36), np.arange(3)
    examples = Examples.of(pyramids, None, ("mid", "large"), CPU)
    (low,), targets = examples.take(rows, corner=(4, 4))  # one pixel of the low resolution
    for found, stored, width in ((low, pyramids.low, 1), (targets["mid"], pyramids.mid, 2)):
        inner = to_tensor(stored)[..., width:-width, width:-width]
        assert (found - inner).abs().mean() < 0.01
        shifted = torch.roll(inner, width, dims=3)
        assert (found - shifted).abs().mean() > 0.03


def test_crops_are_rotated_and_mirrored_too():
    examples = Examples.of(tiny_pyramids(3), None, ("mid", "large"), CPU)
    rows, corner = np.array([1]), (0, 5)
    (plain,), targets = examples.take(rows, corner=corner)
    for transform in range(DIHEDRAL):
        (low,), others = examples.take(rows, transform, corner)
        assert low.equal(dihedral(plain, transform))
        assert all(others[name].equal(dihedral(of, transform)) for name, of in targets.items())
