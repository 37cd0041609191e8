"""Crops against slices of the images, transformed by the augmentation of the study."""

import numpy as np
import pytest
import torch
from tiny import CPU

from srcore.common.errors import StudyError
from srcore.models.scales import OUTPUTS
from srcore.shipping.crops import INPUTS, Crops
from srcore.training.augment import DIHEDRAL, dihedral

SIDE = 10


def images(originals, resolution: str, finer: int) -> list[np.ndarray]:
    """The packed images of a resolution, each (H, W, 3)."""
    found = []
    for height, width, offset in originals.places:
        start = finer**2 * offset
        flat = originals.pixels[resolution][start : start + finer**2 * height * width]
        found.append(np.asarray(flat).reshape(finer * height, finer * width, 3))
    return found


@pytest.mark.parametrize("output", OUTPUTS)
def test_crops_are_slices_of_the_images_all_transformed_alike(originals, output):
    crops = Crops.of(originals, SIDE, CPU)
    plan = crops.draw(np.random.default_rng(0), output, (60,))
    low, targets = crops.take(torch.from_numpy(plan), output)
    scale = OUTPUTS[output]
    packed = {"whole": (4, 1), "half": (2, 2), "quarter": (1, 4)}
    resolutions = {INPUTS[output]: low}
    for name, target in targets.items():
        resolutions["whole" if OUTPUTS[name] == scale else "half"] = target
    symmetries = set()
    for place, (line, top, left, symmetry) in enumerate(plan):
        rotated = set(range(DIHEDRAL))
        for resolution, found in resolutions.items():
            finer, divisor = packed[resolution]
            larger = scale // divisor
            image = images(originals, resolution, finer)[line]
            y, x, side = larger * top, larger * left, larger * SIDE
            cut = torch.from_numpy(image[y : y + side, x : x + side].copy())
            assert cut.shape == (side, side, 3)
            cut = cut.permute(2, 0, 1)[None].float() / 255
            rotated &= {w for w in rotated if dihedral(cut, w)[0].equal(found[place])}
        assert rotated, "not one of the eight transforms, or not the same at every resolution"
        symmetries.add((int(symmetry), min(rotated)))
    assert len(symmetries) == DIHEDRAL
    assert (
        len({ours for ours, _ in symmetries})
        == len({theirs for _, theirs in symmetries})
        == DIHEDRAL
    )


def test_outputs_up_to_the_one_asked_for(originals):
    crops = Crops.of(originals, SIDE, CPU)
    for output, names in (("mid", ["mid"]), ("large", ["mid", "large"])):
        plan = torch.from_numpy(crops.draw(np.random.default_rng(0), output, (3,)))
        low, targets = crops.take(plan, output)
        assert low.shape == (3, 3, SIDE, SIDE)
        assert list(targets) == names
        for name, target in targets.items():
            assert target.shape == (3, 3, OUTPUTS[name] * SIDE, OUTPUTS[name] * SIDE)


def test_every_place_may_be_drawn_and_none_beyond(originals):
    """Of the smallest image that fits, first and last place of either side."""
    crops = Crops.of(originals, 18, CPU)
    plan = crops.draw(np.random.default_rng(0), "large", (4000,))
    heights, widths = originals.places[:, 0], originals.places[:, 1]
    fits = np.flatnonzero((heights >= 18) & (widths >= 18))
    assert set(plan[:, 0]) == set(fits)
    for line in fits:
        tops = plan[plan[:, 0] == line, 1]
        assert (tops.min(), tops.max()) == (0, heights[line] - 18)


def test_probabilities_go_with_the_root_of_the_area(originals):
    crops = Crops.of(originals, SIDE, CPU)
    plan = crops.draw(np.random.default_rng(0), "mid", (20_000,))
    roots = np.sqrt(originals.places[:, 0] * originals.places[:, 1])
    found = np.bincount(plan[:, 0], minlength=len(roots)) / len(plan)
    np.testing.assert_allclose(found, roots / roots.sum(), atol=0.015)


def test_crops_larger_than_all_images_are_refused(originals):
    with pytest.raises(
        StudyError, match=r"^shipped\.crop = 60: no image has \d+ pixels on each side"
    ):
        Crops.of(originals, 60, CPU)
