"""What is in the pictures: cosines of pictures and descriptions, and of pictures and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from srcore.clip_analysis.descriptions import Descriptions
from srcore.clip_analysis.labels import said
from srcore.data.packed import Indices, Pyramids
from srcore.frozen.clip import Clip

BEST = 3
"""Descriptions named for each picture."""


@dataclass(frozen=True)
class Matrix:
    """Some pictures, what they are compared with, and how near they are to it.

    Attributes:
        names: the pictures.
        labels: what an annotation says of each, empty where there is none.
        texts: the descriptions.
        cosines: (N, M), in [-1, 1], of pictures and descriptions.
        likelihoods: (N, M), CLIP's own: the softmax over the descriptions; each row adds up to 1.
        pictures: (N, N), cosines of pictures and pictures.
        weights: the weights in words, as `srcore.clip_analysis.labels.said` gives them.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...]
    cosines: NDArray[np.float64]
    likelihoods: NDArray[np.float64]
    pictures: NDArray[np.float64]
    weights: str


def choose(held_out: Indices, count: int, seed: int) -> Indices:
    """Places in `held_out` of at most `count` pictures, chosen by `seed`, ascending."""
    random = np.random.default_rng(seed)
    return np.sort(random.permutation(len(held_out))[:count])


def compare(
    pyramids: Pyramids,
    rows: Sequence[int] | Indices,
    pictures: Tensor,
    descriptions: Descriptions,
    clip: Clip,
) -> Matrix:
    """Compare every picture with every description and with every picture.

    Args:
        pyramids: all pictures.
        rows: which of them were embedded.
        pictures: their embeddings (N, 512), of length 1.
        descriptions: the descriptions.
        clip: what made them.
    """
    cosines = (pictures @ descriptions.embeddings.T).double()
    return Matrix(
        tuple(pyramids.names[row] for row in rows),
        tuple(pyramids.labels[row] for row in rows),
        descriptions.texts,
        cosines.numpy(),
        (clip.scale * cosines).softmax(dim=1).numpy(),
        (pictures @ pictures.T).double().numpy(),
        said(clip),
    )


def as_table(matrix: Matrix) -> pd.DataFrame:
    """One line a picture and description: picture, number, description, cosine, clip.

    `number` counts the descriptions from 1, `clip` names the weights.
    """
    count = len(matrix.texts)
    return pd.DataFrame(
        {
            "picture": np.repeat(matrix.names, count),
            "number": np.tile(np.arange(1, count + 1), len(matrix.names)),
            "description": matrix.texts * len(matrix.names),
            "cosine": matrix.cosines.ravel(),
            "clip": matrix.weights,
        }
    )


def pairs_table(matrix: Matrix) -> pd.DataFrame:
    """One line a picture and picture: picture, other, cosine, clip (the weights)."""
    count = len(matrix.names)
    return pd.DataFrame(
        {
            "picture": np.repeat(matrix.names, count),
            "other": matrix.names * count,
            "cosine": matrix.pictures.ravel(),
            "clip": matrix.weights,
        }
    )


def best_table(matrix: Matrix) -> pd.DataFrame:
    """The `BEST` descriptions of each picture.

    Returns:
        picture, labels (of the annotation, with ; between), rank, description, cosine,
        likelihood, clip (the weights).
    """
    order = np.argsort(-matrix.cosines, axis=1, kind="stable")[:, :BEST]
    lines = [
        {
            "picture": name,
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
