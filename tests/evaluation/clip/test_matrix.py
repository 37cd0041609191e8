import numpy as np
import pytest
import torch
from tiny import tiny_clip, tiny_pyramids

from srcore.evaluation.clip.descriptions import Descriptions
from srcore.evaluation.clip.matrix import as_table, best_table, choose, compare, pairs_table

LABELS = (("cat", "dog"), (), ("person",))
ROWS = [0, 2]


@pytest.fixture
def matrix():
    """Two images and four descriptions in a plane, whose angles are known."""
    degrees = torch.tensor([0.0, 60.0])
    images = torch.stack([degrees.deg2rad().cos(), degrees.deg2rad().sin()], dim=1)
    texts = ("along", "up", "back", "between")
    angles = torch.tensor([0.0, 90.0, 180.0, 30.0]).deg2rad()
    descriptions = Descriptions(texts, torch.stack([angles.cos(), angles.sin()], dim=1))
    return compare(
        tiny_pyramids(3, labels=LABELS), ROWS, images, descriptions, tiny_clip(), part="test"
    )


def test_cosines_are_those_of_the_angles(matrix):
    cosine = lambda *angles: [np.cos(np.deg2rad(angle)) for angle in angles]  # noqa: E731
    expected = [cosine(0, 90, 180, 30), cosine(60, 30, 120, 30)]
    np.testing.assert_allclose(matrix.cosines, expected, atol=1e-6)
    np.testing.assert_allclose(matrix.images, [[1, 0.5], [0.5, 1]], atol=1e-6)


def test_likelihoods_are_clips_own(matrix):
    logits = np.exp(matrix.cosines / 0.07)
    expected = logits / logits.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(matrix.likelihoods, expected, rtol=1e-4)


def test_the_long_table_has_a_line_an_image_and_description(matrix):
    table = as_table(matrix)
    assert list(table) == ["image", "number", "description", "cosine", "clip"]
    assert table["image"].tolist() == ["000.png"] * 4 + ["002.png"] * 4
    assert table["number"].tolist() == [1, 2, 3, 4] * 2
    assert table["description"].tolist() == list(matrix.texts) * 2
    again = table.pivot_table(index="image", columns="number", values="cosine")
    np.testing.assert_allclose(again.to_numpy(), matrix.cosines)
    assert set(table["clip"]) == {"random weights: means nothing"}


def test_the_images_table_has_a_line_a_pair(matrix):
    table = pairs_table(matrix)
    assert table[["image", "other"]].to_numpy().tolist() == [
        ["000.png", "000.png"], ["000.png", "002.png"],
        ["002.png", "000.png"], ["002.png", "002.png"],
    ]  # fmt: skip
    np.testing.assert_allclose(table["cosine"], [1, 0.5, 0.5, 1], atol=1e-6)


def test_the_best_three_are_named_with_the_annotation_beside(matrix):
    table = best_table(matrix)
    first = table[table["image"] == "000.png"]
    assert first["description"].tolist() == ["along", "between", "up"]
    assert first["rank"].tolist() == [1, 2, 3]
    assert first["labels"].unique().tolist() == ["cat;dog"]
    assert first["cosine"].is_monotonic_decreasing
    assert table[table["image"] == "002.png"]["labels"].iloc[0] == "person"
    assert table["likelihood"].between(0, 1).all()


def test_fewer_descriptions_than_ranks_are_all_named(matrix):
    one = Descriptions(("only",), torch.tensor([[1.0, 0.0]]))
    images = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    found = best_table(compare(tiny_pyramids(3), ROWS, images, one, tiny_clip(), part="test"))
    assert found["rank"].tolist() == [1, 1]
    assert found["likelihood"].tolist() == [1, 1]


def test_the_choice_is_seeded_ascending_and_without_repeats():
    held_out = np.arange(100, 150)
    first = choose(held_out, 8, 0)
    assert first.tolist() == choose(held_out, 8, 0).tolist() == sorted(set(first.tolist()))
    assert len(first) == 8
    assert first.max() < 50
    assert first.tolist() != choose(held_out, 8, 1).tolist()


def test_more_images_than_are_held_out_are_all_of_them():
    assert choose(np.array([7, 8, 9]), 8, 3).tolist() == [0, 1, 2]


def test_a_larger_choice_keeps_the_smaller_one():
    held_out = np.arange(50)
    assert set(choose(held_out, 4, 0)) < set(choose(held_out, 9, 0))
