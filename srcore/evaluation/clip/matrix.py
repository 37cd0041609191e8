"""What is in the images: cosines of images and descriptions, and of images and images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from srcore.data.dataset import Indices, Pyramids
from srcore.evaluation.clip.descriptions import Descriptions
from srcore.evaluation.clip.labels import in_words
from srcore.features.clip import Clip

BEST = 3
"""Descriptions named for each image."""


@dataclass(frozen=True)
class Matrix:
    """Some images, what they are compared with, and how near they are to it.

    Attributes:
        names: the images.
        labels: what an annotation says of each, empty where there is none.
        texts: the descriptions.
        cosines: (N, M), in [-1, 1], of images and descriptions.
        likelihoods: (N, M), CLIP's own: the softmax over the descriptions; each row adds up to 1.
        images: (N, N), cosines of images and images.
        weights: the weights in words, as `srcore.evaluation.clip.labels.in_words` gives them.
        part: name of the part of the data set that the images are of.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...]
    cosines: NDArray[np.float64]
    likelihoods: NDArray[np.float64]
    images: NDArray[np.float64]
    weights: str
    part: str


def choose(held_out: Indices, count: int, seed: int) -> Indices:
    """Places in `held_out` of at most `count` images, chosen by `seed`, ascending."""
    random = np.random.default_rng(seed)
    return np.sort(random.permutation(len(held_out))[:count])


def compare(
    pyramids: Pyramids,
    rows: Sequence[int] | Indices,
    images: Tensor,
    descriptions: Descriptions,
    clip: Clip,
    *,
    part: str,
) -> Matrix:
    """Compare every image with every description and with every image.

    Args:
        pyramids: all images.
        rows: which of them were embedded.
        images: their embeddings (N, 512), of length 1.
        descriptions: the descriptions.
        clip: what made them.
        part: name of the part of the data set that they are of.
    """
    cosines = (images @ descriptions.embeddings.T).double()
    return Matrix(
        tuple(pyramids.names[row] for row in rows),
        tuple(pyramids.labels[row] for row in rows),
        descriptions.texts,
        cosines.numpy(),
        (clip.scale * cosines).softmax(dim=1).numpy(),
        (images @ images.T).double().numpy(),
        in_words(clip),
        part,
    )


def as_table(matrix: Matrix) -> pd.DataFrame:
    """One row per image and description: image, number, description, cosine, clip.

    `number` counts the descriptions from 1, `clip` names the weights.
    """
    count = len(matrix.texts)
    return pd.DataFrame(
        {
            "image": np.repeat(matrix.names, count),
            "number": np.tile(np.arange(1, count + 1), len(matrix.names)),
            "description": matrix.texts * len(matrix.names),
            "cosine": matrix.cosines.ravel(),
            "clip": matrix.weights,
        }
    )


def pairs_table(matrix: Matrix) -> pd.DataFrame:
    """One row per pair of images: image, other, cosine, clip (the weights)."""
    count = len(matrix.names)
    return pd.DataFrame(
        {
            "image": np.repeat(matrix.names, count),
            "other": matrix.names * count,
            "cosine": matrix.images.ravel(),
            "clip": matrix.weights,
        }
    )


def best_table(matrix: Matrix) -> pd.DataFrame:
    """The `BEST` descriptions of each image.

    Returns:
        image, labels (of the annotation, with ; between), rank, description, cosine,
        likelihood, clip (the weights).
    """
    order = np.argsort(-matrix.cosines, axis=1, kind="stable")[:, :BEST]
    lines = [
        {
            "image": name,
            "labels": ";".join(matrix.labels[row]),
            "rank": rank,
            "description": matrix.texts[column],
            "cosine": matrix.cosines[row, column],
            "likelihood": matrix.likelihoods[row, column],
            "clip": matrix.weights,
        }
        for row, name in enumerate(matrix.names)
        for rank, column in enumerate(order[row], start=1)
    ]
    return pd.DataFrame(lines)
