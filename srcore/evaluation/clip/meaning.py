"""Whether meaning survives super-resolution: outputs against the target, as CLIP sees both."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srcore.data.dataset import Indices, Pyramids
from srcore.evaluation.clip.descriptions import CLASSES, Descriptions
from srcore.evaluation.clip.embed import LOW, TARGET, Embeddings, Version
from srcore.features.labels import RANDOM
from srcore.metrics.intervals import mean_interval

FIGURES = ("cosine", "accuracy")
"""The columns of figures; a figure that a version of the images does not have is missing."""


def is_annotated(pyramids: Pyramids, rows: Indices) -> NDArray[np.bool_]:
    """Whether an annotation names a VOC class of each image."""
    return np.array([bool(set(pyramids.labels[row]) & set(CLASSES)) for row in rows], bool)


def judge(
    embeddings: Embeddings, pyramids: Pyramids, rows: Indices, classes: Descriptions | None
) -> pd.DataFrame:
    """Judge every version of every image.

    Args:
        embeddings: what `srcore.evaluation.clip.embed.embed_versions` gave.
        pyramids: all images.
        rows: which of them were embedded.
        classes: the classes of VOC2007; None leaves the accuracy out.

    Returns:
        One line an image and version: image, group, method, seed, output, weights, cosine (of
        its embedding and the target's at that size) and accuracy (1 when the best of the VOC
        classes is among those that the annotation names, else 0; missing without an annotation).
    """
    annotated = is_annotated(pyramids, rows)
    tables: list[pd.DataFrame] = []
    for version, embedded in embeddings.items():
        cosine = np.full(len(rows), np.nan)
        if version.method not in (LOW, TARGET):
            target = embeddings[Version(TARGET, 0, version.output)]
            cosine = (embedded * target).sum(dim=1).double().numpy()
        accuracy = np.full(len(rows), np.nan)
        if classes is not None:
            best = (embedded @ classes.embeddings.T).argmax(dim=1).tolist()
            names = list(CLASSES)
            hits = [names[k] in pyramids.labels[row] for k, row in zip(best, rows, strict=True)]
            accuracy = np.where(annotated, np.array(hits, float), np.nan)
        tables.append(
            pd.DataFrame(
                {
                    "image": [pyramids.names[row] for row in rows],
                    "group": [pyramids.groups[row] for row in rows],
                    "method": version.method,
                    "seed": version.seed,
                    "output": version.output,
                    "weights": version.weights,
                    "cosine": cosine,
                    "accuracy": accuracy,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def summarise(table: pd.DataFrame, weights: str, resamples: int) -> dict[str, Any]:
    """The content of `metrics/clip_analysis.json`.

    Args:
        table: what `judge` gave.
        weights: label of CLIP's weights.
        resamples: bootstrap resamples behind each interval.

    Returns:
        {"weights", "note"?, "images", "annotated"?, method: {output: {cosine, cosine_low,
        cosine_high, accuracy?, accuracy_low?, accuracy_high?, weights?}}}: means over the images
        with the ends of their 95 % intervals. With several seeds of a model, an image's figures
        are their means. The method's own `weights` are those of its frozen extractor.
    """
    summary: dict[str, Any] = {"weights": weights}
    if weights == RANDOM:
        summary["note"] = f"{RANDOM}: these figures mean nothing"
    summary["images"] = table["image"].nunique()
    if annotated := table.loc[table["accuracy"].notna(), "image"].nunique():
        summary["annotated"] = annotated
    for (method, output), part in table.groupby(["method", "output"], sort=False):
        images = part.groupby(["image", "group"], sort=False)[list(FIGURES)].mean()
        entry: dict[str, Any] = {}
        for figure in FIGURES:
            values = images[figure].dropna().reset_index()
            if len(values):
                low, high = mean_interval(values[figure], values["group"], resamples)
                mean = float(values[figure].mean())
                entry |= {figure: mean, f"{figure}_low": low, f"{figure}_high": high}
        if entry and (frozen := part["weights"].iloc[0]):
            entry["weights"] = frozen
        if entry:
            summary.setdefault(str(method), {})[str(output)] = entry
    return summary


def as_table(summary: dict[str, Any], said: str) -> pd.DataFrame:
    """`summarise`'s figures, one line a method and output, with CLIP's weights in words.

    Returns:
        method, output, weights (of the method's frozen extractor), cosine, cosine_low, cosine_high,
        accuracy, accuracy_low and accuracy_high (both when known), clip.
    """
    figures = [f"{figure}{end}" for figure in FIGURES for end in ("", "_low", "_high")]
    lines = [
        {"method": method, "output": output, "weights": entry.get("weights", "")}
        | {figure: entry.get(figure) for figure in figures}
        for method, outputs in summary.items()
        if isinstance(outputs, dict)
        for output, entry in outputs.items()
    ]
    return pd.DataFrame(lines).dropna(axis="columns", how="all").assign(clip=said)
