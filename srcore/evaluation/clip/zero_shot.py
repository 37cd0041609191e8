"""Naming what is seen without training for it: mean average precision over the classes of VOC2007.

As VOC2007 itself does (Everingham et al. 2010, section 4), an image that shows a class only as
objects called difficult counts neither for nor against that class.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from srcore.data.dataset import DIFFICULT
from srcore.evaluation.clip.descriptions import CLASSES

POSITIVE, NEGATIVE, IGNORED = 1, 0, -1


def class_matrix(labels: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Whether each image shows each class: (N, 20) of `POSITIVE`, `NEGATIVE` or `IGNORED`.

    Images without an annotation that names a class are ignored for all.
    """
    matrix = np.full((len(labels), len(CLASSES)), IGNORED)
    for line, named in zip(matrix, labels, strict=True):
        seen = {label.removesuffix(DIFFICULT) for label in named}
        if seen & set(CLASSES):
            for place, name in enumerate(CLASSES):
                line[place] = POSITIVE if name in named else IGNORED if name in seen else NEGATIVE
    return matrix


def average_precision(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Mean, over the positive images, of the precision among those that score no less.

    Args:
        scores: (N,) more is surer; equal ones keep their order.
        positive: (N,) at least one.
    """
    hits = positive[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def mean_average_precision(scores: NDArray[np.float64], matrix: NDArray[np.int64]) -> float:
    """Mean of the average precision over the classes that some image shows.

    Args:
        scores: (N, 20), cosines of images and classes.
        matrix: (N, 20), what `class_matrix` gave.

    Returns:
        In [0, 1]; NaN when no image shows any class.
    """
    found = [
        average_precision(column[known], of_class[known] == POSITIVE)
        for column, of_class in zip(scores.T, matrix.T, strict=True)
        if ((known := of_class != IGNORED) & (of_class == POSITIVE)).any()
    ]
    return float(np.mean(found)) if found else float("nan")


def chance(matrix: NDArray[np.int64]) -> float:
    """The mean average precision to be expected of a random order.

    Of n images, p of them positive, the expectation is H/n + (p − 1)/(n − 1) · (1 − H/n), where H
    is the n-th harmonic number: the first term is what one positive at a random place gives.
    """
    expected: list[float] = []
    for of_class in matrix.T:
        known, positive = (of_class != IGNORED).sum(), (of_class == POSITIVE).sum()
        if positive:
            alone = (1 / np.arange(1, known + 1)).sum() / known
            others = (positive - 1) / (known - 1) if known > 1 else 0
            expected.append(alone + others * (1 - alone))
    return float(np.mean(expected)) if expected else float("nan")


def most_common(matrix: NDArray[np.int64]) -> tuple[str, float]:
    """The class that most images show, and the share of annotated images that do.

    Whoever always names it is right that often. As for CLIP, an image that shows it only as a
    difficult object is counted neither for nor against.
    """
    annotated = matrix[(matrix == POSITIVE).any(axis=1)]
    best = int((annotated == POSITIVE).sum(axis=0).argmax())
    of_class = annotated[:, best]
    counted = max(1, (of_class != IGNORED).sum())
    return list(CLASSES)[best], float((of_class == POSITIVE).sum() / counted)
