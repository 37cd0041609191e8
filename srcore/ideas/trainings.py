"""The trainings behind the question what each idea is worth, one after another, each kept once.

Every run leaves its files in one folder, its card last. A run whose card is there, with the same
settings, data and code, is not trained again: so a stopped experiment goes on, seeds are added to
old ones, and several processes on one folder share the work.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import save_file

from srcore.common.errors import StudyError
from srcore.common.files import atomic, write_json
from srcore.common.tables import write_table
from srcore.data.dataset import Indices
from srcore.ideas.experiments import Experiment
from srcore.ideas.files import CARD, HISTORY, IMAGES, WEIGHTS, copy_run, hold, key_of
from srcore.ideas.names import stem_of
from srcore.ideas.together import Resident, Training
from srcore.models.base import SuperResolver
from srcore.training.precision import Precision, processor

PACKAGE = Path(__file__).parents[1]
DECIDES = (
    "common/device.py",
    "common/tensors.py",
    "features/extractor.py",
    "features/store.py",
    "features/vgg.py",
    "ideas/data.py",
    "ideas/networks.py",
    "ideas/seeds.py",
    "ideas/together.py",
    "metrics/psnr.py",
    "models/ablation.py",
    "models/base.py",
    "models/basic.py",
    "models/clip.py",
    "models/dilated.py",
    "models/multi.py",
    "models/residual.py",
    "models/scales.py",
    "models/subpixel.py",
    "models/vgg.py",
    "training/augment.py",
    "training/losses.py",
    "training/schedules.py",
)
"""Files of the package whose text decides a run; those of `features` make the random VGG16's."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frozen:
    """Frozen features of every image.

    Attributes:
        label: what the weights are, as it must stand beside every figure made with them.
        fingerprint: SHA-256 of the weights, and of what else was done to the features.
        digest: SHA-256 of the features if they are stored, empty if code in `DECIDES` makes them.
        load: gives the features, (N, ...) float16, on the CPU.
    """

    label: str
    fingerprint: str
    digest: str
    load: Callable[[], torch.Tensor]


@dataclass(frozen=True)
class Data:
    """What all runs learn from.

    Attributes:
        images: the pyramids, where the training is, without features.
        names: name of every image.
        split: rows of the training images and of the held-out ones.
        frozen: frozen features by name.
        digest: SHA-256 of images and split.
    """

    images: Resident
    names: Sequence[str]
    split: tuple[Indices, Indices]
    frozen: Mapping[str, Frozen]
    digest: str

    def features(self, name: str | None) -> Frozen | None:
        """Frozen features by name, None for a network without."""
        return self.frozen[name] if name is not None else None


def train_ideas(
    wanted: Sequence[Experiment],
    data: Data,
    runs: Path,
    precision: Precision,
    *,
    published: Path | None = None,
) -> dict[str, str]:
    """Train what is not trained yet.

    On CUDA the seeds of an experiment are trained together, elsewhere one after another. Runs that
    another process is training are left to it, and waited for at the end; if that process stopped,
    they are trained here.

    Args:
        wanted: the experiments.
        data: what they learn from.
        runs: the folder of the runs.
        precision: 32-true or bf16-mixed.
        published: a folder from which runs are copied that are whole there and not in `runs`.

    Returns:
        Name of every run → its key, a SHA-256 of all that decides it but for its seed.

    Raises:
        StudyError: a run's loss is NaN or infinite, or its recipe does not fit the data.
    """
    images = len(data.split[0])
    for recipe in (experiment.recipe for experiment in wanted):  # not after hours of others
        if recipe.batch_size > images:
            raise StudyError(
                f"{recipe.group}.batch_size = {recipe.batch_size}: there are {images} "
                "training images"
            )
    runs.mkdir(parents=True, exist_ok=True)
    # Before the first training, so that a key is of the code that runs, whatever is edited later.
    keys = [_key(experiment, data, precision) for experiment in wanted]
    for wait in (False, True):
        for experiment, key in zip(wanted, keys, strict=True):
            at_once = len(experiment.seeds) if data.images.low.is_cuda else 1
            for start in range(0, len(experiment.seeds), at_once):
                part = replace(experiment, seeds=experiment.seeds[start : start + at_once])
                _train(part, data, runs, published, precision=precision, key=key, wait=wait)
    return {
        stem_of(experiment.name, seed): key
        for experiment, key in zip(wanted, keys, strict=True)
        for seed in experiment.seeds
    }


def _pending(experiment: Experiment, runs: Path, key: str) -> list[int]:
    """The seeds that are still to be trained."""
    return [s for s in experiment.seeds if key_of(runs, stem_of(experiment.name, s)) != key]


def _train(
    experiment: Experiment,
    data: Data,
    runs: Path,
    published: Path | None,
    *,
    precision: Precision,
    key: str,
    wait: bool,
) -> None:
    if not (pending := _pending(experiment, runs, key)):
        return
    first = stem_of(experiment.name, experiment.seeds[0])
    if wait:
        logger.info("%s: waiting for another process that is training it", first)
    with ExitStack() as locks:
        # In one order everywhere, or two processes would wait for each other.
        for stem in (stem_of(experiment.name, seed) for seed in sorted(experiment.seeds)):
            if not locks.enter_context(hold(runs / f".{stem}.lock", wait=wait)):
                return
        for stem in (stem_of(experiment.name, seed) for seed in pending):
            if published is not None and key_of(published, stem) == key:
                copy_run(published, runs, stem)
        # Another process may have ended some between the first look and the lock.
        if not (pending := _pending(experiment, runs, key)):
            return
        frozen = data.features(experiment.features)
        device = data.images.low.device
        images = replace(data.images, features=frozen.load().to(device) if frozen else None)
        begun = time.monotonic()
        training = Training(
            experiment.build,
            images,
            data.split,
            experiment.recipe,
            seeds=pending,
            precision=precision,
        )
        try:
            histories, scores = training.run(curve=experiment.group == "report")
        except StudyError as error:
            raise StudyError(f"{experiment.name}: {error}") from None
        seconds = time.monotonic() - begun
        for k, seed in enumerate(pending):
            stem, network = stem_of(experiment.name, seed), training.stack.networks[k]
            (runs / f"{stem}{CARD}").unlink(missing_ok=True)
            _write_network(runs / f"{stem}{WEIGHTS}", network)
            write_table(runs / f"{stem}{HISTORY}", histories[k])
            names = [data.names[row] for row in data.split[1]]
            table = pd.DataFrame(
                {"image": names, **dict(zip(network.outputs, scores[k], strict=True))}
            )
            write_table(runs / f"{stem}{IMAGES}", table)
            card = {**_card(experiment, data, precision, frozen), "key": key, "seed": seed}
            write_json(runs / f"{stem}{CARD}", card)  # last: it says that the run is whole
        means = ", ".join(
            f"{o} {scores[:, j].mean():.3f} dB" for j, o in enumerate(training.outputs)
        )
        logger.info("%s: seeds %s, PSNR %s, %.0f s", experiment.name, pending, means, seconds)


def _write_network(path: Path, network: SuperResolver) -> None:
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in network.named_parameters()}
    with atomic(path) as partial_path:
        save_file(tensors, partial_path)


def _card(
    experiment: Experiment, data: Data, precision: Precision, frozen: Frozen | None
) -> dict[str, Any]:
    """What a run says about itself but for its key and seed."""
    device = data.images.low.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    training, held_out = (len(side) for side in data.split)
    return {
        "experiment": experiment.name,
        "group": experiment.group,
        "recipe": experiment.recipe.settings(),
        "images": training,
        "held_out": held_out,
        "device": name,
        "precision": precision,
        "weights": frozen.label if frozen else "",
        "fingerprint": frozen.fingerprint if frozen else "",
    }


def _key(experiment: Experiment, data: Data, precision: Precision) -> str:
    """SHA-256 of all that decides a run but for its seed."""
    frozen = data.features(experiment.features)
    device = data.images.low.device
    decides = {
        "experiment": experiment.name,
        "network": repr(experiment.build),  # names the class and what it is given
        "recipe": experiment.recipe.settings(),
        "data": data.digest,
        "processor": processor(device, precision),
        "threads": torch.get_num_threads() if device.type == "cpu" else None,
        "precision": precision,
        "frozen": [frozen.fingerprint, frozen.digest] if frozen else [],
        "torch": torch.__version__,
    }
    return hashlib.sha256((json.dumps(decides, sort_keys=True) + _code()).encode()).hexdigest()


@cache
def _code() -> str:
    """The text of the files that decide a run, as it was when first asked for."""
    return "".join((PACKAGE / file).read_text(encoding="utf-8") for file in DECIDES)
