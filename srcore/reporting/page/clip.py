"""What CLIP sees (step 8): what is in the images, and how much of it survives."""

import base64
import io
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from srcore.common import paths
from srcore.common.errors import StudyError
from srcore.common.tables import Columns, read_table
from srcore.common.text import printable
from srcore.data.dataset import Pyramids
from srcore.features.labels import RANDOM
from srcore.reporting.page.svg import signed

MEANING: dict[str, type | None] = {
    "method": str,
    "output": str,
    "weights": str,
    "verdict": str,
    "survival": None,
    "survival_low": None,
    "survival_high": None,
    "ahead": None,
    "ahead_low": None,
    "ahead_high": None,
    "first": None,
    "rank": None,
    "agrees": None,
    "clip": str,
}
SCORES = ("map", "hits")
"""Columns of plots/clip_meaning.csv that only annotated images and trained weights have."""
BEST: Columns = {"image": str, "labels": str, "rank": float, "description": str, "cosine": float}
MATRIX: Columns = {"image": str, "number": float, "description": str, "cosine": float}
"""Columns that are read of the tables plots/clip_*.csv."""
THUMBNAIL = 96
"""Pixels of the longest side of a thumbnail."""
REMEDY = "remove it and run `dvc repro`"


@dataclass(frozen=True)
class Seen:
    """One image: thumbnail, annotation, the best descriptions with cosines, and all cosines."""

    name: str
    labels: str
    thumbnail: str
    best: list[tuple[str, str]]
    cosines: list[str]
    top: int
    """Place of the best description among all."""


@dataclass(frozen=True)
class Clip:
    """The whole section.

    Attributes:
        weights: CLIP's weights in words.
        random: whether they are, so that nothing is claimed.
        survival: one row per method and output.
        scored: whether classes were scored.
        claims: whether there are verdicts.
        images: the images of the matrix.
        descriptions: what they were compared with.
    """

    weights: str
    random: bool
    survival: list[dict[str, str]]
    scored: bool
    claims: bool
    images: list[Seen]
    descriptions: list[str]


def read_clip(root: Path) -> Clip | None:
    """The section from the files of a study; None where the stage was never run.

    Raises:
        StudyError: a file is damaged, or an image is not in the data set.
    """
    table = root / paths.CLIP_MEANING
    if not table.exists():
        return None
    with table.open(encoding="utf-8", errors="replace") as file:
        scored = SCORES[0] in file.readline().rstrip("\n").split(",")
    lines = read_table(table, MEANING | dict.fromkeys(SCORES if scored else ()), REMEDY)
    weights = str(lines["clip"].iloc[0]) if len(lines) else ""
    best = read_table(root / paths.CLIP_BEST, BEST, REMEDY)
    matrix = read_table(root / paths.CLIP_MATRIX, MATRIX, REMEDY)
    names = list(dict.fromkeys(matrix["image"]))
    _check(best, matrix, names)
    thumbnails = _thumbnails(root / paths.PYRAMIDS, names)
    return Clip(
        weights=weights,
        random=weights.startswith(RANDOM),
        survival=[shown for line in lines.to_dict("records") if _has_figures(shown := _line(line))],
        scored=scored,
        claims=bool(lines["verdict"].ne("").any()),
        images=[
            _seen(name, thumbnail, best[best["image"] == name], matrix[matrix["image"] == name])
            for name, thumbnail in zip(names, thumbnails, strict=True)
        ],
        descriptions=matrix.drop_duplicates("number")["description"].tolist(),
    )


def _check(best: pd.DataFrame, matrix: pd.DataFrame, names: Sequence[str]) -> None:
    """See that every image of the matrix has its best descriptions and a cosine for each."""
    if missing := [name for name in names if name not in set(best["image"])]:
        raise StudyError(f"{paths.CLIP_BEST}: damaged (no {printable(missing[0])} in it); {REMEDY}")
    numbers = matrix["number"].unique()
    for name, lines in matrix.groupby("image"):
        if len(lines) != len(numbers) or set(lines["number"]) != set(numbers):
            raise StudyError(
                f"{paths.CLIP_MATRIX}: damaged (not every description of {printable(str(name))} "
                f"in it); {REMEDY}"
            )


def _thumbnails(folder: Path, names: Sequence[str]) -> list[str]:
    pyramids = Pyramids.open(folder)
    place = {name: index for index, name in enumerate(pyramids.names)}
    try:
        return [_embedded(pyramids.low[place[name]]) for name in names]
    except KeyError as error:
        raise StudyError(
            f"{paths.CLIP_MATRIX}: no image {error} in {folder}; run `dvc repro`"
        ) from None


def _embedded(image: NDArray[np.uint8]) -> str:
    file, small = io.BytesIO(), Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    small.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _seen(name: str, thumbnail: str, best: pd.DataFrame, matrix: pd.DataFrame) -> Seen:
    cosines = [float(value) for value in matrix["cosine"]]
    return Seen(
        name=name,
        labels=", ".join(filter(None, str(best["labels"].iloc[0]).split(";"))),
        thumbnail=thumbnail,
        best=[
            (str(text), _plain(float(cosine)))
            for text, cosine in zip(best["description"], best["cosine"], strict=True)
        ],
        cosines=[_plain(value) for value in cosines],
        top=int(np.argmax(cosines)),
    )


def _line(line: dict[Hashable, Any]) -> dict[str, str]:
    """One line of the table as text, empty where there is no figure."""
    figures = {name: float(v) for name, v in line.items() if isinstance(v, float) and isfinite(v)}

    def written(name: str, form: str) -> str:
        return format(figures[name], form).replace("%", " %") if name in figures else ""

    def interval(name: str) -> str:
        ends = [figures[end] for end in (f"{name}_low", f"{name}_high") if end in figures]
        return " to ".join(signed(end, 3) for end in ends)

    return {
        "method": str(line["method"]),
        "output": str(line["output"]),
        "weights": str(line["weights"]),
        "survival": written("survival", ".3f"),
        "survival_interval": interval("survival"),
        "ahead": signed(figures["ahead"], 3) if "ahead" in figures else "",
        "ahead_interval": interval("ahead"),
        "verdict": str(line["verdict"]),
        "first": written("first", ".0%"),
        "rank": written("rank", "g"),
        "agrees": written("agrees", ".0%"),
        "map": written("map", ".3f"),
        "hits": written("hits", ".0%"),
    }


def _has_figures(line: dict[str, str]) -> bool:
    """A target without annotations has none: it is what the others are compared with."""
    return any(line[name] for name in line.keys() - {"method", "output", "weights"})


def _plain(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
