"""From the runs to tables: contrasts, gains over bicubic, and the report's networks' curves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srcore.common.tables import write_table
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Indices, Pyramids
from srcore.features.extractor import Extractor
from srcore.ideas.contrasts import contrasts, gains, with_costs
from srcore.ideas.costs import COSTS, costs
from srcore.ideas.experiments import Experiment
from srcore.ideas.names import CONTRASTS
from srcore.ideas.runs import curves, read_runs
from srcore.inference.baselines import BASELINE, upscale
from srcore.metrics.psnr import psnr
from srcore.models.scales import OUTPUTS

Upscaler = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]
"""(N, H, W, 3) and a scale → (N, scale·H, scale·W, 3)."""
TABLE, GAINS, CURVES = "ideas.csv", "ideas_gains.csv", "ideas_curves.csv"


@dataclass(frozen=True)
class Judged:
    """What the experiment says.

    Attributes:
        contrasts: every idea against the network without it, with what it costs more.
        gains: every experiment's gain over bicubic, with its costs.
        curves: held-out PSNR and loss of the report's networks after every epoch.
        linear: output → gain of the linear filter in dB, where it is known.
        note: what was trained on what.
    """

    contrasts: pd.DataFrame
    gains: pd.DataFrame
    curves: pd.DataFrame
    linear: Mapping[str, float]
    note: str

    def write(self, folder: Path) -> None:
        """Write the three tables."""
        for name, table in (
            (TABLE, self.contrasts),
            (GAINS, self.gains),
            (CURVES, self.curves),
        ):
            write_table(folder / name, table)


def judge(
    folder: Path,
    pyramids: Pyramids,
    held_out: Indices,
    experiments: Sequence[Experiment],
    extractors: Mapping[str, Extractor],
    *,
    linear: Upscaler | None = None,
) -> Judged:
    """Read the runs of a folder and compare them.

    Args:
        folder: the runs.
        pyramids: the images that they were judged on.
        held_out: rows of those images.
        experiments: how the networks are built, for their costs.
        extractors: kind (vgg, clip) → its frozen extractor, for its costs.
        linear: the linear filter, if it was fitted.

    Raises:
        StudyError: there is no run, one is damaged, or it was judged on other images.
    """
    scenes = {pyramids.names[row]: pyramids.groups[row] for row in held_out}
    runs = read_runs(folder, scenes)
    bicubic = _scores(pyramids, held_out, partial(_interpolated, BASELINE))
    filtered = _scores(pyramids, held_out, linear) if linear is not None else {}
    of_linear = {o: float((scores - bicubic[o]).mean()) for o, scores in filtered.items()}
    spent = costs(experiments, extractors, runs, pyramids.low.shape[1])
    device, precision = runs.said_by_all("device"), runs.said_by_all("precision")
    learned, judged = runs.said_by_all("images"), runs.said_by_all("held_out")
    data = f"{learned} images, {judged} held out"
    table = with_costs(contrasts(runs, bicubic), spent, COSTS)
    table = table.assign(device=device, precision=precision, data=data)
    over = gains(runs, bicubic)
    places = {experiment.name: place for place, experiment in enumerate(experiments)}
    over = over.join(spent, on="experiment").sort_values(
        "experiment", key=lambda names: names.map(places), kind="stable"
    )
    note = f"{data}; {device}, {precision}; 95 % intervals over seeds and images"
    return Judged(table[list(CONTRASTS)], over, curves(folder, "report"), of_linear, note)


def _interpolated(method: str, images: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    return upscale(images, method, scale)


def _scores(
    pyramids: Pyramids, held_out: Indices, enlarge: Upscaler
) -> dict[str, NDArray[np.float64]]:
    """Output → mean PSNR on the images of each held-out scene, in the order of their names."""
    names = [pyramids.groups[row] for row in held_out]
    found: dict[str, NDArray[np.float64]] = {}
    for output, scale in OUTPUTS.items():
        scores: list[float] = []
        for row in held_out:
            made = to_tensor(enlarge(np.array(pyramids.low[row : row + 1]), scale))
            target = to_tensor(np.array(getattr(pyramids, output)[row : row + 1]))
            scores.append(float(psnr(made, target)))
        means = pd.Series(scores).groupby(names, sort=True).mean()
        found[output] = np.asarray(means, np.float64)
    return found
