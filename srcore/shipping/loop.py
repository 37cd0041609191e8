"""Training the network that ships, in periods after each of which it can be stopped and resumed."""

import logging
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.common.tables import write_table
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class
from srcore.params.optional import Shipped
from srcore.shipping.crops import Crops
from srcore.shipping.originals import Originals
from srcore.shipping.step import Step
from srcore.training.precision import Precision, processor
from srcore.training.resume import State, digest
from srcore.training.schedules import SCHEDULES

logger = logging.getLogger(__name__)

DIVERGED = 10.0
"""Times the first period's mean loss: a period above it ends the training.

Ten leaves room for a rate that is too high for a while; a training that diverges multiplies its
loss without end and soon passes any factor."""
BLACK = 1.0
"""The most that counts as the first period's mean, which may have diverged itself: about the loss
of black images in place of photographs, at one output."""


def train_shipped(
    originals: Originals,
    settings: Shipped,
    *,
    device: torch.device,
    bfloat16: bool,
    out: Path,
    states: Path,
) -> State:
    """Train the network that ships; leave its checkpoint and its history in `out`.

    The crops of a period are drawn from the seed and the period's number alone, so they are the
    same wherever the training was stopped, and on whatever device it runs.

    Args:
        originals: the images to learn from.
        settings: how to train.
        device: where.
        bfloat16: whether convolutions are computed in bfloat16.
        out: an existing folder.
        states: folder of the state from which a stopped training goes on.

    Returns:
        The state, to be forgotten when the stage's output is in its place.

    Raises:
        StudyError: the loss is NaN, infinite, or far above where it began; no image is large
            enough.
    """
    torch.manual_seed(settings.seed)
    model = model_class(settings.model)()
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[reportCallIssue]
    step = Step(model, Crops.of(originals, settings.crop, device), settings, bfloat16=bfloat16)
    precision: Precision = "bf16-mixed" if bfloat16 else "32-true"
    engine = {
        "device": device.type,
        "processor": processor(device, precision),
        "precision": precision,
    }
    trained = settings.model_dump() | {"images": originals.images} | engine
    card = Card(settings.model, settings.seed, trained)
    data = digest(*originals.pixels.values(), originals.places)
    identity = trained | {"threads": torch.get_num_threads(), "data": data}
    state = State(states / f"{card.file_name.removesuffix('.safetensors')}.state", identity)
    history: list[dict[str, Any]] = []
    if saved := state.load():
        step.load_state_dict(saved["step"])
        history = saved["history"]
    schedule = SCHEDULES[settings.schedule]
    periods = ceil(settings.steps / settings.period)
    for period in progress(range(len(history), periods), "train_shipped", unit="period"):
        first = period * settings.period
        count = min(settings.period, settings.steps - first)
        rng = np.random.default_rng([settings.seed, period])
        plans = torch.from_numpy(step.plans(rng, count)).to(device)
        if not step.recorded:
            step.record(plans[0])
        for ahead, plan in enumerate(plans):
            step.take(plan, schedule(first + ahead, settings.steps, settings.warm_up).factor)
        loss = step.mean_loss(count)
        bound = DIVERGED * min([BLACK, *(row["loss"] for row in history[:1])])
        if not isfinite(loss) or loss > bound:
            raise StudyError(
                f"the loss is {loss} after step {first + count}; shipped.muon_lr = "
                f"{settings.muon_lr} or shipped.lr = {settings.lr} may be too high"
            )
        history.append({"step": first + count, "loss": loss})
        state.save({"step": step.state_dict(), "history": history})
        logger.info("step %d/%d: loss %.5f", first + count, settings.steps, loss)
    save_checkpoint(model, card, out)
    write_table(out / "history.csv", pd.DataFrame(history))
    return state
