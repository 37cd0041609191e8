"""Batches: the rows asked for, the same from the memory map and from a device's memory."""

from itertools import product

import numpy as np
import pytest
import torch
from tiny import CPU, tiny_pyramids

from srcore.data.dataset import Features
from srcore.training.augment import DIHEDRAL
from srcore.training.batches import SHARE, Examples, _fit, _put


@pytest.fixture
def features() -> Features:
    array = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float16)
    return Features(array, "random weights", "0" * 64)


def test_a_batch_is_the_rows_asked_for(features):
    pyramids, rows = tiny_pyramids(5), np.array([4, 0, 4])
    examples = Examples.of(pyramids, features, ("mid", "large"), CPU)
    (low, stored), targets = examples.take(rows)
    assert low.shape == (3, 3, 16, 16)
    assert list(targets) == ["mid", "large"]
    for place, row in enumerate(rows):
        for tensor, level in ((low, "low"), (targets["mid"], "mid"), (targets["large"], "large")):
            expected = getattr(pyramids, level)[row].transpose(2, 0, 1) / 255
            np.testing.assert_allclose(tensor[place], expected, atol=1e-7)
        np.testing.assert_array_equal(stored[place], features.array[row])
    assert stored.dtype == torch.float32


def test_a_resident_data_set_gives_the_same_batches(features, monkeypatch):
    """On the CPU, whose memory stands in for that of a GPU."""
    pyramids, rows = tiny_pyramids(5), np.array([3, 1])
    mapped = Examples.of(pyramids, features, ("mid",), CPU)
    monkeypatch.setattr("srcore.training.batches._fit", lambda arrays, device: True)
    resident = Examples.of(pyramids, features, ("mid",), CPU)
    assert isinstance(resident.low, torch.Tensor)
    for symmetry, corner in product(range(DIHEDRAL), (None, (3, 1))):
        (inputs, targets), (others, other_targets) = (
            mapped.take(rows, symmetry, corner),
            resident.take(rows, symmetry, corner),
        )
        assert all(map(torch.equal, inputs, others))
        assert targets["mid"].equal(other_targets["mid"])


def test_it_is_put_on_a_gpu_only_where_it_leaves_room(monkeypatch):
    array = np.zeros((10, 100), np.uint8)
    assert not _fit([array], CPU)
    cuda = torch.device("cuda")
    for free, fits in ((1000 / SHARE, True), (1000 / SHARE - 1, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 9999))
        assert _fit([array], cuda) is fits


def test_it_is_copied_whole_in_pieces():
    array = np.random.default_rng(0).integers(0, 256, (600, 2, 3), np.uint8)
    assert torch.equal(_put(array, CPU), torch.from_numpy(array))
