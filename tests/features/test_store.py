import json

import numpy as np
import pytest
import torch
from tiny import tiny_clip, tiny_pyramids

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Features
from srcore.features import store as features_module
from srcore.features.extractor import Extractor, load_extractor
from srcore.features.store import store_features

CPU = torch.device("cpu")


def scaled(factor: float) -> Extractor:
    """Mean colours, many times over."""
    return Extractor(lambda low: low.mean(dim=(2, 3)) * factor, "weights of mean.pt", "f" * 64)


@pytest.mark.parametrize("kind", ["vgg", "clip"])
def test_stored_features_equal_those_computed_on_the_fly_exactly(tmp_path, monkeypatch, kind):
    extractor = load_extractor("vgg", "random", CPU) if kind == "vgg" else tiny_clip().extractor()
    images = tiny_pyramids(7).low
    monkeypatch.setattr(features_module, "BATCH", 3)  # batches of 3, 3 and 1
    store_features(extractor, images, tmp_path / "features", CPU)
    stored = Features.open(tmp_path / "features")
    assert stored.array.dtype == np.float16
    for batch in (1, 2, 7):
        fresh = torch.cat(
            [extractor(to_tensor(images[at : at + batch])) for at in range(0, 7, batch)]
        )
        assert torch.equal(torch.from_numpy(np.array(stored.array)).float(), fresh)
    assert (stored.label, stored.fingerprint) == (extractor.label, extractor.fingerprint)
    assert read_json(tmp_path / "features" / "metrics.json") == {
        "images": 7,
        "shape": list(stored.array.shape[1:]),
        "weights": "random weights",
        "fingerprint": extractor.fingerprint,
    }


def test_reading_maps_the_file_and_cannot_change_it(tmp_path):
    store_features(scaled(1), tiny_pyramids(3).low, tmp_path / "features", CPU)
    array = Features.open(tmp_path / "features").array
    assert isinstance(array, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_the_files_are_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        store_features(scaled(1), tiny_pyramids(3).low, tmp_path / name, CPU)
    for file in ("features.npy", "metrics.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("factor", [1e6, float("nan")])
def test_features_that_do_not_fit_are_refused_and_leave_nothing(tmp_path, factor):
    with pytest.raises(StudyError, match=r"mean\.pt: features of images 0 to 2") as caught:
        store_features(scaled(factor), tiny_pyramids(3).low, tmp_path / "features", CPU)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_largest_half_float_still_fits(tmp_path):
    white = np.full((2, 8, 8, 3), 255, np.uint8)
    store_features(scaled(65504), white, tmp_path / "features", CPU)
    assert Features.open(tmp_path / "features").array.max() == 65504


@pytest.mark.parametrize("file", ["features.npy", "metrics.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "other"])
def test_a_damaged_store_is_one_line(tmp_path, file, damage):
    folder = tmp_path / "features"
    store_features(scaled(1), tiny_pyramids(3).low, folder, CPU)
    path = folder / file
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-5])
    else:
        path.write_text(json.dumps(["something", "else"]))
    with pytest.raises(StudyError, match="features: no whole set of features") as caught:
        Features.open(folder)
    assert "\n" not in str(caught.value)
