import numpy as np
import pytest
import torch
from tiny import tiny_pyramids

from srcore.evaluation.clip.descriptions import CLASSES, Descriptions
from srcore.evaluation.clip.embed import Version
from srcore.evaluation.clip.meaning import as_table, is_annotated, judge, summarise
from srcore.metrics.intervals import mean_interval

NAMES = list(CLASSES)
LABELS = (("dog",), ("car", "person"), (), ("something else",), ("tvmonitor",), ("sheep",))
ROWS = np.array([1, 2, 3, 4, 5])
"""Of the images judged, two have no annotation that names a class."""
ONE_HOT = Descriptions(tuple(CLASSES.values()), torch.eye(20, 512))


def seen_as(*names: str) -> torch.Tensor:
    """Embeddings of images in which CLIP sees just these classes."""
    return ONE_HOT.embeddings[[NAMES.index(name) for name in names]]


def dihedral(degrees: list[float]) -> torch.Tensor:
    """Embeddings at an angle to those of the target below."""
    target, angle = seen_as(*TRUE), torch.tensor(degrees).deg2rad()[:, None]
    aside = torch.eye(512)[500].expand_as(target)
    return target * angle.cos() + aside * angle.sin()


TRUE = ("person", "cat", "cat", "tvmonitor", "sheep")


@pytest.fixture
def pyramids():
    return tiny_pyramids(6, labels=LABELS)


@pytest.fixture
def embeddings():
    return {
        Version("low resolution", 0, "low"): seen_as("dog", "dog", "dog", "dog", "sheep"),
        Version("bicubic", 0, "mid"): dihedral([60, 0, 0, 0, 60]),
        Version("bicubic", 0, "large"): dihedral([60, 60, 60, 60, 60]),
        Version("vgg", 0, "mid", "random weights"): dihedral([0, 0, 0, 0, 0]),
        Version("vgg", 1, "mid", "random weights"): dihedral([90, 90, 90, 90, 90]),
        Version("target", 0, "mid"): seen_as(*TRUE),
        Version("target", 0, "large"): seen_as(*TRUE),
    }


def test_annotations_that_name_a_class_are_found(pyramids):
    assert is_annotated(pyramids, ROWS).tolist() == [True, False, False, True, True]


def test_a_hit_is_the_best_class_among_those_annotated(pyramids, embeddings):
    table = judge(embeddings, pyramids, ROWS, ONE_HOT)
    hits = table[table["method"] == "target"].groupby("output")["accuracy"].apply(list)
    for output in ("mid", "large"):  # "person" is one of two labels
        np.testing.assert_equal(hits[output], [1, np.nan, np.nan, 1, 1])
    low = table[table["method"] == "low resolution"]["accuracy"]
    np.testing.assert_equal(low.to_numpy(), [0, np.nan, np.nan, 0, 1])


def test_a_cosine_is_with_the_truth_at_the_same_size(pyramids, embeddings):
    embeddings[Version("target", 0, "large")] = dihedral([60] * 5)
    table = judge(embeddings, pyramids, ROWS, None).set_index(["method", "seed", "output"])
    np.testing.assert_allclose(
        table.loc[("bicubic", 0, "mid"), "cosine"], [0.5, 1, 1, 1, 0.5], atol=1e-6
    )
    np.testing.assert_allclose(table.loc[("bicubic", 0, "large"), "cosine"], 1, atol=1e-6)
    assert table.loc[("target", 0, "mid"), "cosine"].isna().all()
    assert table["accuracy"].isna().all()


def test_the_summary_is_keyed_as_that_of_evaluate(pyramids, embeddings):
    table = judge(embeddings, pyramids, ROWS, ONE_HOT)
    summary = summarise(table, "pretrained weights", 300)
    assert {k: v for k, v in summary.items() if not isinstance(v, dict)} == {
        "weights": "pretrained weights",
        "images": 5,
        "annotated": 3,
    }
    methods = [k for k, v in summary.items() if isinstance(v, dict)]
    assert methods == ["low resolution", "bicubic", "vgg", "target"]
    mid = summary["bicubic"]["mid"]
    assert mid["cosine"] == pytest.approx(0.8)
    groups = [pyramids.groups[row] for row in ROWS]
    interval = mean_interval([0.5, 1, 1, 1, 0.5], groups, 300)
    assert (mid["cosine_low"], mid["cosine_high"]) == pytest.approx(interval)
    assert mid["accuracy"] == pytest.approx(1)
    assert summary["low resolution"]["low"]["accuracy"] == pytest.approx(1 / 3)
    assert summary["low resolution"]["low"].keys() == {
        "accuracy", "accuracy_low", "accuracy_high",
    }  # fmt: skip
    assert "weights" not in mid
    assert "note" not in summary


def test_several_seeds_are_averaged_image_by_image(pyramids, embeddings):
    entry = summarise(judge(embeddings, pyramids, ROWS, ONE_HOT), "x", 300)["vgg"]["mid"]
    assert entry["cosine"] == pytest.approx(0.5)  # of 1 and 0
    assert entry["cosine_low"] == pytest.approx(entry["cosine_high"])
    assert entry["weights"] == "random weights"


def test_random_weights_are_said_to_mean_nothing(pyramids, embeddings):
    summary = summarise(judge(embeddings, pyramids, ROWS, None), "random weights", 300)
    assert summary["note"] == "random weights: these figures mean nothing"
    assert not any(key in str(summary) for key in ("accuracy", "annotated", "target", "low res"))


def test_the_table_has_the_figures_of_the_summary(pyramids, embeddings):
    summary = summarise(judge(embeddings, pyramids, ROWS, ONE_HOT), "pretrained weights", 300)
    table = as_table(summary, "pretrained weights").set_index(["method", "output"])
    assert table.loc[("vgg", "mid"), "cosine"] == summary["vgg"]["mid"]["cosine"]
    assert table.loc[("vgg", "mid"), "weights"] == "random weights"
    assert np.isnan(table.loc[("low resolution", "low"), "cosine"])
    assert table["accuracy_low"].notna().all()
    assert set(table["clip"]) == {"pretrained weights"}


def test_the_table_has_no_empty_columns(pyramids, embeddings):
    summary = summarise(judge(embeddings, pyramids, ROWS, None), "random weights", 300)
    table = as_table(summary, "random weights: means nothing")
    assert list(table) == [
        "method", "output", "weights", "cosine", "cosine_low", "cosine_high", "clip",
    ]  # fmt: skip
    assert table["method"].tolist() == ["bicubic", "bicubic", "vgg"]
