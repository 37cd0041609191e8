import numpy as np
import pandas as pd
import pytest
import torch
from interval import mean_interval
from tiny import tiny_pyramids

from srcore.evaluation.clip import meaning
from srcore.evaluation.clip.descriptions import CLASSES, Descriptions
from srcore.evaluation.clip.embed import Version
from srcore.evaluation.clip.meaning import as_table, judge, summarise, zero_shot

NAMES = list(CLASSES)
ROWS = np.array([1, 2, 3, 4, 5])
ONE_HOT = Descriptions(tuple(CLASSES.values()), torch.eye(20, 512))
SHOWN = ("person", "cat", "cat", "tvmonitor", "sheep")
"""What CLIP sees in the originals; two of them are the same to it."""
LABELS = (("car", "person"), (), ("cat",), ("tvmonitor",), ("sheep (difficult)",))
SAME = 2 / 20
"""Mean cosine of two different originals: one pair of ten is the same."""


def seen_as(*names: str) -> torch.Tensor:
    """Embeddings of images in which CLIP sees just these classes."""
    return ONE_HOT.embeddings[[NAMES.index(name) for name in names]]


def rotated(degrees: list[float]) -> torch.Tensor:
    """Embeddings at an angle to those of the originals."""
    target, angle = seen_as(*SHOWN), torch.tensor(degrees).deg2rad()[:, None]
    aside = torch.eye(512)[500].expand_as(target)
    return target * angle.cos() + aside * angle.sin()


@pytest.fixture
def pyramids():
    return tiny_pyramids(6, labels=((), *LABELS))


@pytest.fixture
def embeddings():
    return {
        Version("low resolution", None, "low"): seen_as("dog", "dog", "dog", "dog", "sheep"),
        Version("bicubic", None, "mid"): rotated([60, 0, 0, 0, 60]),
        Version("bicubic", None, "large"): rotated([60, 60, 60, 60, 60]),
        Version("vgg", 0, "mid", "random weights"): rotated([0, 0, 0, 0, 0]),
        Version("vgg", 1, "mid", "random weights"): rotated([90, 90, 90, 90, 90]),
        Version("vgg", 0, "large", "random weights"): rotated([0, 60, 60, 60, 0]),
        Version("target", None, "mid"): seen_as(*SHOWN),
        Version("target", None, "large"): seen_as(*SHOWN),
    }


@pytest.fixture
def judged(embeddings, pyramids):
    return judge(embeddings, pyramids, ROWS, ONE_HOT)


def of(judged: pd.DataFrame, method: str, output: str, seed: int | None = None) -> pd.DataFrame:
    part = judged[(judged["method"] == method) & (judged["output"] == output)]
    return part[part["seed"] == seed] if seed is not None else part


def test_survival_is_1_for_the_same_and_0_for_as_much_as_others_have(judged):
    part = of(judged, "bicubic", "mid")
    np.testing.assert_allclose(part["cosine"], [0.5, 1, 1, 1, 0.5], atol=1e-6)
    other = (0.5 - SAME) / (1 - SAME)
    np.testing.assert_allclose(part["survival"], [other, 1, 1, 1, other], atol=1e-6)
    aside = of(judged, "vgg", "mid", 1)
    np.testing.assert_allclose(aside["survival"], -SAME / (1 - SAME), atol=1e-6)


def test_a_cosine_is_with_the_original_of_the_same_size(embeddings, pyramids):
    embeddings[Version("target", None, "large")] = rotated([60] * 5)
    judged = judge(embeddings, pyramids, ROWS, ONE_HOT)
    np.testing.assert_allclose(
        of(judged, "bicubic", "mid")["cosine"], [0.5, 1, 1, 1, 0.5], atol=1e-6
    )
    np.testing.assert_allclose(of(judged, "bicubic", "large")["cosine"], 1, atol=1e-6)
    assert of(judged, "target", "mid")[["cosine", "survival", "rank"]].isna().all(axis=None)


def test_the_rank_is_that_of_the_own_original_among_all(judged):
    same = of(judged, "vgg", "mid", 0)["rank"]
    assert same.tolist() == [1, 1.5, 1.5, 1, 1]  # CLIP cannot tell the two cats apart
    low = of(judged, "low resolution", "low")
    assert low["rank"].tolist() == [3, 3, 3, 3, 1]  # a dog is as far from all of them


def test_ranks_and_survival_are_the_same_however_many_are_compared_at_once(
    embeddings, pyramids, judged, monkeypatch
):
    monkeypatch.setattr(meaning, "ROWS", 2)
    pd.testing.assert_frame_equal(judge(embeddings, pyramids, ROWS, ONE_HOT), judged)


def test_agreement_is_of_names_and_needs_no_annotation(judged):
    assert of(judged, "low resolution", "low")["agrees"].tolist() == [0, 0, 0, 0, 1]
    assert of(judged, "bicubic", "mid")["agrees"].tolist() == [1] * 5


def test_with_one_description_there_is_no_choice_to_agree_on(embeddings, pyramids):
    one = Descriptions(("a dog",), torch.eye(1, 512))
    assert judge(embeddings, pyramids, ROWS, one)["agrees"].isna().all()


def test_a_single_image_has_nothing_to_compare_with(embeddings, pyramids):
    alone = {version: embedded[:1] for version, embedded in embeddings.items()}
    judged = judge(alone, pyramids, ROWS[:1], ONE_HOT)
    assert judged["survival"].isna().all()
    table = as_table(judged, None, "trained weights")
    assert of_table(table, "bicubic", "mid")["first"] == 1


def of_table(table: pd.DataFrame, method: str, output: str) -> pd.Series:
    found = table[(table["method"] == method) & (table["output"] == output)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_table_has_means_and_no_interval_on_a_few_scenes(judged):
    table = as_table(judged, None, "trained weights")
    line = of_table(table, "bicubic", "mid")
    assert line["cosine"] == pytest.approx(0.8)
    assert line["first"] == 3 / 5
    assert line["agrees"] == 1
    assert np.isnan(line["survival_low"])
    assert np.isnan(line["ahead"])  # of itself
    vgg = of_table(table, "vgg", "mid")
    assert vgg["cosine"] == pytest.approx(0.5)  # the mean of both seeds
    assert vgg["weights"] == "random weights"
    expected = vgg["survival"] - line["survival"]
    assert vgg["ahead"] == pytest.approx(expected)
    assert vgg["verdict"] == "3 scenes: too few to tell"
    assert "map" not in table


def test_the_line_of_chance(judged):
    line = of_table(as_table(judged, None, "trained weights"), "chance", "")
    assert (line["survival"], line["first"], line["rank"]) == (0, 1 / 5, 3)


def many(judged: pd.DataFrame) -> pd.DataFrame:
    """The same images four times over, each a scene of its own."""
    names = [judged["image"] + letter for letter in "abcd"]
    return pd.concat([judged.assign(image=n, group=n) for n in names], ignore_index=True)


def test_from_ten_scenes_on_there_are_intervals_and_verdicts(judged):
    table = as_table(many(judged), None, "trained weights")
    line = of_table(table, "bicubic", "mid")
    values = many(judged)
    values = of(values, "bicubic", "mid")["survival"]
    assert (line["survival_low"], line["survival_high"]) == pytest.approx(
        mean_interval(values, range(20))
    )
    ahead = of_table(table, "vgg", "large")
    assert ahead["ahead_low"] < ahead["ahead"] < ahead["ahead_high"]
    assert ahead["verdict"] == "better in these trainings"
    assert of_table(table, "vgg", "mid")["verdict"] == "noise"  # two seeds, far apart


def test_of_random_weights_nothing_is_claimed(judged):
    table = as_table(many(judged), None, "random weights")
    assert set(table["verdict"].fillna("")) == {""}


def test_zero_shot_stands_beside_what_blind_guessing_gives(embeddings, judged):
    scored = zero_shot(embeddings, LABELS, ONE_HOT)
    target = of_table(scored, "target", "mid")
    assert target["map"] == pytest.approx((1 + 1 / 2 + 1 + 1) / 4, abs=0.2)
    assert target["hits"] == 1  # of the three annotated images whose objects are clear
    assert of_table(scored, "low resolution", "low")["hits"] == 0
    assert of_table(scored, "always car", "")["hits"] == pytest.approx(1 / 3)
    assert 0 < of_table(scored, "chance", "")["map"] < target["map"]
    table = as_table(judged, scored, "trained weights")
    assert list(table["method"].drop_duplicates()) == [
        "low resolution", "bicubic", "vgg", "target", "chance", "always car",
    ]  # fmt: skip
    chance = of_table(table, "chance", "")
    assert (chance["rank"], chance["map"]) == (3, of_table(scored, "chance", "")["map"])
    assert of_table(table, "vgg", "mid")["map"] == of_table(scored, "vgg", "mid")["map"]
    assert table["weights"].notna().all()


def test_naming_a_class_that_is_shown_only_as_difficult_objects_is_no_miss():
    """It is the next best class that counts."""
    labels = (("car", "dog (difficult)"), ("cat",))
    seen = ONE_HOT.embeddings[NAMES.index("dog")] + 0.5 * ONE_HOT.embeddings[NAMES.index("car")]
    embedded = torch.stack([seen, ONE_HOT.embeddings[NAMES.index("dog")]])
    scored = zero_shot({Version("target", None, "mid"): embedded}, labels, ONE_HOT)
    assert of_table(scored, "target", "mid")["hits"] == 0.5


def test_the_metrics_hold_one_figure_a_model_and_counts(judged):
    summary = summarise(judged, "validation", "trained weights", 3, ["basic", "vgg"])
    survival = of(judged, "vgg", "large")["survival"].mean()
    assert summary == {
        "weights": "trained weights",
        "part": "validation",
        "images": 5,
        "annotated": 3,
        "survival": {"vgg": pytest.approx(survival)},
    }
    random = summarise(judged, "test", "random weights", 0, ["vgg"])
    assert random["note"] == "random weights: these figures mean nothing"
    assert random["part"] == "test"
