"""Making the record of an experiment from the files of its runs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.common.tables import Columns, read_table
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Indices, Pyramids
from srcore.features.extractor import Extractor
from srcore.ideas.experiments import Experiment
from srcore.ideas.files import CARD, HISTORY, IMAGES
from srcore.ideas.names import stem_of
from srcore.ideas.runs import CURVE, Runs, is_card
from srcore.inference.baselines import BASELINE, upscale
from srcore.metrics import cost
from srcore.metrics.psnr import psnr
from srcore.models.base import SuperResolver
from srcore.models.scales import OUTPUTS

REMEDY = "remove it here and in .resume/ideas, and run `dvc repro stages/dvc.yaml:train_ideas`"
EPOCHS: Columns = {"epoch": float, "output": str, "loss": float, "psnr": float}

Upscaler = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]
"""(N, H, W, 3) and a scale → (N, scale·H, scale·W, 3)."""


def record(
    folder: Path,
    pyramids: Pyramids,
    held_out: Indices,
    experiments: Sequence[Experiment],
    *,
    extractors: Mapping[str, Extractor],
    linear: Upscaler,
) -> Runs:
    """Gather the whole runs of a folder.

    Args:
        folder: what `srcore.ideas.files.publish` wrote.
        pyramids: the images that they were judged on.
        held_out: rows of those images.
        experiments: what may be there, in the order of the tables.
        extractors: kind (vgg, clip) → its frozen extractor, for the costs; its weights do not
            matter here.
        linear: the least-squares filter.

    Raises:
        StudyError: there is no run, one is damaged, or it was judged on other images.
    """
    scores = pd.concat(
        [_judged(pyramids, held_out, output, linear) for output in OUTPUTS], ignore_index=True
    )
    places = pd.MultiIndex.from_frame(scores[["output", "image"]])
    columns: dict[str, NDArray[np.float64]] = {}
    curves: list[pd.DataFrame] = []
    cards: dict[str, dict[str, Any]] = {}
    for experiment in experiments:
        whole = [
            s
            for s in experiment.seeds
            if (folder / f"{stem_of(experiment.name, s)}{CARD}").exists()
        ]
        network = experiment.build().eval()
        spent = _costs(experiment, network, extractors, pyramids.sizes[0]) if whole else {}
        for seed in whole:
            stem = stem_of(experiment.name, seed)
            card = read_json(folder / f"{stem}{CARD}")
            cards[stem] = {**card, **spent} if isinstance(card, dict) else {}
            if not is_card(stem, cards[stem]):
                raise StudyError(f"{folder / f'{stem}{CARD}'}: damaged; {REMEDY}")
            columns[stem] = _scores(folder / f"{stem}{IMAGES}", network.outputs, places)
            if experiment.group == "report":
                table = read_table(folder / f"{stem}{HISTORY}", EPOCHS, REMEDY)
                curves.append(table.assign(experiment=experiment.name, seed=seed))
    if not cards:
        raise StudyError(f"{folder}: holds no run; `dvc repro stages/dvc.yaml:train_ideas` trains")
    table = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(CURVE))
    return Runs(pd.concat([scores, pd.DataFrame(columns)], axis=1), table[list(CURVE)], cards)


def _scores(path: Path, outputs: tuple[str, ...], places: pd.MultiIndex) -> NDArray[np.float64]:
    """A run's PSNR in the order of the record."""
    table = read_table(path, {"image": str, **dict.fromkeys(outputs, float)}, REMEDY)
    found = {
        (output, image): score
        for output in outputs
        for image, score in zip(table["image"], table[output], strict=True)
    }
    expected = {place for place in places if place[0] in outputs}
    if odd := sorted(found.keys() ^ expected):
        raise StudyError(f"{path}: not judged on the images held out here ({odd[0][1]}); {REMEDY}")
    return np.array([found.get(place, np.nan) for place in places], np.float64)


def _judged(pyramids: Pyramids, held_out: Indices, output: str, linear: Upscaler) -> pd.DataFrame:
    """The held-out images at one output size, with the PSNR of what is no network."""
    interpolated = partial(upscale, method=BASELINE)
    lines: list[dict[str, object]] = []
    for row in held_out:
        low, scale = np.array(pyramids.low[row : row + 1]), OUTPUTS[output]
        target = to_tensor(np.array(getattr(pyramids, output)[row : row + 1]))
        made = {"bicubic": interpolated(low, scale=scale), "linear": linear(low, scale)}
        scores = {name: float(psnr(to_tensor(image), target)) for name, image in made.items()}
        named = {"image": pyramids.names[row], "scene": pyramids.groups[row]}
        lines.append({"output": output, **named, **scores})
    return pd.DataFrame(lines)


def _costs(
    experiment: Experiment, network: SuperResolver, extractors: Mapping[str, Extractor], side: int
) -> dict[str, int]:
    """What its network costs (`COSTS`)."""
    kind = (experiment.features or "").partition("_")[0]
    extractor = extractors[kind] if kind else None
    return {
        "parameters": cost.parameters(network),
        "frozen": cost.frozen_parameters(extractor),
        "macs": cost.macs(network, extractor, side),
    }
