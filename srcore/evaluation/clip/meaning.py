"""Whether meaning survives super-resolution: outputs beside their originals, as CLIP sees both."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from srcore.data.dataset import Indices, Pyramids
from srcore.evaluation.clip.descriptions import Descriptions
from srcore.evaluation.clip.embed import LOW, TARGET, Embeddings, Version
from srcore.evaluation.clip.zero_shot import (
    IGNORED,
    POSITIVE,
    chance,
    class_matrix,
    mean_average_precision,
    most_common,
)
from srcore.features.labels import RANDOM
from srcore.inference.baselines import BASELINE
from srcore.metrics.holm import holm
from srcore.metrics.paired import Difference, paired_difference

CHANCE = "chance"
"""Name of the line that a random order would give."""
LARGEST = "large"
"""The output whose survival is a metric."""
ROWS = 1024
"""Images that are compared with all originals at once."""


def judge(
    embeddings: Embeddings, pyramids: Pyramids, rows: Indices, descriptions: Descriptions
) -> pd.DataFrame:
    """Judge every version of every image beside the original, the target at the same size.

    The low-resolution image is judged beside the largest target.

    Args:
        embeddings: what `srcore.evaluation.clip.embed.embed_versions` gave.
        pyramids: all images.
        rows: which of them were embedded.
        descriptions: what CLIP chooses from when it names an image.

    Returns:
        One row per image and version: image, group, method, seed, output, weights, and, missing for
        the target itself: cosine (of its embedding and the original's), survival ((cosine − c) /
        (1 − c), where c is the mean cosine of two different originals: 1 is all of the meaning, 0
        as much as another image has), rank (of its own original among all originals, 1 is the
        nearest, equal ones share theirs), and agrees (1 when the best description is that of the
        original, else 0; missing with a single description).
    """
    tables: list[pd.DataFrame] = []
    for version, embedded in embeddings.items():
        figures = dict.fromkeys(("cosine", "survival", "rank", "agrees"), np.nan)
        if version.method != TARGET:
            size = LARGEST if version.method == LOW else version.output
            figures = _beside(embedded, embeddings[Version(TARGET, None, size)], descriptions)
        tables.append(
            pd.DataFrame(
                {
                    "image": [pyramids.names[row] for row in rows],
                    "group": [pyramids.groups[row] for row in rows],
                    "method": version.method,
                    "seed": pd.array([version.seed] * len(rows), "Int64"),
                    "output": version.output,
                    "weights": version.weights,
                    **figures,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _beside(embedded: Tensor, originals: Tensor, descriptions: Descriptions) -> dict[str, Any]:
    count, double = len(originals), originals.double()
    # All pairs at once would be 3 GB for 20,000 images.
    parts = [
        _own_and_rank(part.double() @ double.T, start)
        for start, part in zip(range(0, count, ROWS), embedded.split(ROWS), strict=True)
    ]
    own, rank = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # The sum over all pairs is the square of the sum; each image is a pair with itself, too.
    pairs = (double.sum(dim=0).square().sum() - double.square().sum()).item()
    other = pairs / (count * (count - 1)) if count > 1 else np.nan
    named = [(side @ descriptions.embeddings.T).argmax(dim=1) for side in (embedded, originals)]
    choice = len(descriptions.texts) > 1
    return {
        "cosine": own,
        "survival": (own - other) / (1 - other),
        "rank": rank,
        "agrees": (named[0] == named[1]).double().numpy() if choice else np.nan,
    }


def _own_and_rank(cosines: Tensor, start: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine of each image with its own original, and the rank of that among all originals.

    Args:
        cosines: (M, N), of M images and all originals.
        start: place of the original of the first.
    """
    own = cosines.diagonal(start)[:, None]
    rank = 0.5 + (cosines > own).sum(dim=1) + 0.5 * (cosines == own).sum(dim=1)
    return own[:, 0].numpy(), rank.double().numpy()


def zero_shot(
    embeddings: Embeddings, labels: Sequence[Sequence[str]], classes: Descriptions
) -> pd.DataFrame:
    """How well CLIP names the classes of the annotations, and how well chance would.

    Args:
        embeddings: what `srcore.evaluation.clip.embed.embed_versions` gave.
        labels: what the annotation says of each embedded image.
        classes: the classes of VOC2007.

    Returns:
        One row per method and output: method, output, map (mean average precision, the mean over
        seeds) and hits (share of annotated images whose best class is annotated, classes that an
        image shows only as difficult objects left out). Two lines have no output: `CHANCE`, and
        the most common class, named for every image.
    """
    matrix = class_matrix(labels)
    annotated = (matrix == POSITIVE).any(axis=1)
    lines: list[dict[str, Any]] = []
    for version, embedded in embeddings.items():
        scores = (embedded.double() @ classes.embeddings.double().T).numpy()
        best = np.where(matrix == IGNORED, -np.inf, scores).argmax(axis=1)
        right = matrix[np.arange(len(scores)), best] == POSITIVE
        figures = {"map": mean_average_precision(scores, matrix), "hits": right[annotated].mean()}
        lines.append({"method": version.method, "output": version.output, **figures})
    table = pd.DataFrame(lines).groupby(["method", "output"], sort=False).mean().reset_index()
    name, share = most_common(matrix)
    blind = pd.DataFrame(
        [
            {"method": CHANCE, "output": "", "map": chance(matrix), "hits": np.nan},
            {"method": f"always {name}", "output": "", "map": np.nan, "hits": share},
        ]
    )
    return pd.concat([table, blind], ignore_index=True)


def as_table(judged: pd.DataFrame, scored: pd.DataFrame | None, weights: str) -> pd.DataFrame:
    """What is on the page, one row per method and output.

    Verdicts allow for all lines at once (`srcore.metrics.holm`); with random weights
    there are none, since nothing is claimed.

    Args:
        judged: what `judge` gave.
        scored: what `zero_shot` gave; None without annotations or trained weights.
        weights: label of CLIP's weights.

    Returns:
        method, output, weights (of the method's frozen extractor), cosine, survival, survival_low,
        survival_high, ahead (of bicubic, in survival), ahead_low, ahead_high, verdict, first (share
        of images whose own original is the nearest), rank (median), agrees (share), and map and
        hits where they are known. Ends of intervals are missing where scenes are too few.
    """
    lines = [
        {"method": method, "output": output} | _summary(judged, part, str(output))
        for (method, output), part in judged.groupby(["method", "output"], sort=False)
    ]
    table = pd.DataFrame(lines)
    if weights != RANDOM:
        table["verdict"] = _verdicts(table["difference"])
    table = table.drop(columns="difference")
    keys, count = ["method", "output"], judged["image"].nunique()
    blind = {"survival": 0.0, "first": 1 / count, "rank": (count + 1) / 2}
    table = pd.concat(
        [table, pd.DataFrame([{"method": CHANCE, "output": "", "weights": "", **blind}])],
        ignore_index=True,
    )
    if scored is not None:
        lines = pd.concat([table[keys], scored[keys]]).drop_duplicates()
        table = lines.merge(table, on=keys, how="left").merge(scored, on=keys, how="left")
    table = table.fillna({"weights": "", "verdict": ""})
    table["rank"] = table["rank"].astype(float)
    return table


def _summary(judged: pd.DataFrame, part: pd.DataFrame, output: str) -> dict[str, Any]:
    found: dict[str, Any] = {"weights": part["weights"].iloc[0], "verdict": "", "difference": None}
    if part["cosine"].isna().all():  # the target
        return found
    found |= {
        "cosine": part["cosine"].mean(),
        "survival": part["survival"].mean(),
        "first": (part["rank"] == 1).mean(),
        "rank": part["rank"].median(),
        "agrees": part["agrees"].mean(),
    }
    nothing = part.assign(seed=None, survival=0.0)
    alone = paired_difference(part, nothing, "survival")
    if alone is not None:
        found |= {"survival_low": alone.low, "survival_high": alone.high}
    of_output = judged[judged["output"] == output]
    bicubic = of_output[of_output["method"] == BASELINE]
    if part["method"].iloc[0] != BASELINE and len(bicubic):
        difference = paired_difference(part, bicubic, "survival")
        assert difference is not None  # every version is of the same images
        found |= {"ahead": difference.mean, "difference": difference}
        found |= {"ahead_low": difference.low, "ahead_high": difference.high}
    return found


def _verdicts(differences: "pd.Series[Any]") -> list[str]:
    known: dict[int, Difference] = {
        place: difference
        for place, difference in enumerate(differences)
        if isinstance(difference, Difference)
    }
    adjusted = holm(known)
    return [adjusted[place].text if place in adjusted else "" for place in range(len(differences))]


def summarise(
    judged: pd.DataFrame, part: str, weights: str, annotated: int, models: Sequence[str]
) -> dict[str, Any]:
    """The content of `metrics/clip_analysis.json`.

    Args:
        judged: what `judge` gave.
        part: name of the part of the data set that was judged.
        weights: label of CLIP's weights.
        annotated: number of images whose annotation names a class.
        models: names of the networks.

    Returns:
        {"weights", "note"?, "part", "images", "annotated", "survival": {model: figure}}: the mean
        survival at the largest size of each network that has it.
    """
    summary: dict[str, Any] = {"weights": weights}
    if weights == RANDOM:
        summary["note"] = f"{RANDOM}: these figures mean nothing"
    largest = judged[judged["output"] == LARGEST].groupby("method")["survival"].mean()
    survival = {name: float(largest[name]) for name in models if name in largest}
    summary |= {"part": part, "images": judged["image"].nunique(), "annotated": annotated}
    return summary | {"survival": survival}
