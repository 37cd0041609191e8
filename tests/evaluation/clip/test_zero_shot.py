"""Average precision, its chance level, and what difficult objects do."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from srcore.data.dataset import DIFFICULT
from srcore.evaluation.clip.descriptions import CLASSES
from srcore.evaluation.clip.zero_shot import (
    IGNORED,
    NEGATIVE,
    POSITIVE,
    average_precision,
    chance,
    class_matrix,
    mean_average_precision,
    most_common,
)

NAMES = list(CLASSES)
DOG, CAR, PERSON = (NAMES.index(name) for name in ("dog", "car", "person"))
LABELS = [
    ("dog", "person"),
    (f"car{DIFFICULT}", "person"),
    ("car",),
    (f"dog{DIFFICULT}",),
    (),
    ("something else",),
]


def test_difficult_objects_count_neither_way():
    matrix = class_matrix(LABELS)
    assert matrix[:, DOG].tolist() == [POSITIVE, NEGATIVE, NEGATIVE, IGNORED, IGNORED, IGNORED]
    assert matrix[:, CAR].tolist() == [NEGATIVE, IGNORED, POSITIVE, NEGATIVE, IGNORED, IGNORED]
    assert matrix[:, PERSON].tolist() == [POSITIVE, POSITIVE, NEGATIVE, NEGATIVE, IGNORED, IGNORED]


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_scikit_learns(seed):
    random = np.random.default_rng(seed)
    scores, positive = random.normal(size=30), random.random(30) < 0.3
    found = average_precision(scores, positive)
    assert found == pytest.approx(average_precision_score(positive, scores))


def test_the_mean_is_over_classes_that_are_there_and_images_that_count():
    scores = np.zeros((6, 20))
    scores[:, DOG] = [0.5, 0.9, 0.1, 1.0, 2, 2]  # images 4 to 6 do not count: second of three
    scores[:, CAR] = [0.1, 9.0, 0.8, 0.7, 2, 2]  # first of three
    scores[:, PERSON] = [0.9, 0.8, 0.2, 0.1, 2, 2]  # both first
    found = mean_average_precision(scores, class_matrix(LABELS))
    assert found == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert np.isnan(mean_average_precision(scores, class_matrix([()] * 6)))


@pytest.mark.parametrize("positive", [1, 2, 5])
def test_chance_is_the_mean_over_every_order(positive):
    labels = [("dog",)] * positive + [("car",)] * (5 - positive)
    matrix = class_matrix(labels)
    matrix[:, CAR] = NEGATIVE
    of_class = matrix[:, DOG] == POSITIVE
    orders = [average_precision(np.array(order), of_class) for order in permutations(range(5))]
    assert chance(matrix) == pytest.approx(np.mean(orders))


def test_the_most_common_class():
    name, share = most_common(class_matrix(LABELS))
    assert (name, share) == ("person", pytest.approx(2 / 3))  # of three that show a clear object
    difficult = [("person",), ("person",), ("dog", f"person{DIFFICULT}")]
    assert most_common(class_matrix(difficult)) == ("person", 1.0)  # as for CLIP: of two
