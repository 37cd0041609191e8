"""Training a network, both outputs' losses added (original study, steps 2 and 3)."""

import logging
from dataclasses import asdict
from itertools import chain, product
from math import ceil, isfinite
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from dvclive.live import Live
from lightning_fabric import Fabric
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.common.tables import write_table
from srcore.common.tensors import quantise
from srcore.data.dataset import Features, Indices, Pyramids
from srcore.metrics.psnr import psnr
from srcore.models.base import SuperResolver
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class
from srcore.training.augment import DIHEDRAL
from srcore.training.batches import Examples
from srcore.training.crops import draw_corner
from srcore.training.distributed import check_same_on_all_ranks, engine
from srcore.training.losses import LOSSES
from srcore.training.optimization import OptimizationState
from srcore.training.recipe import Recipe
from srcore.training.resume import State

SHARED = "inverse_psnr"
"""The loss that every history tells beside its own, so that recipes can be compared."""
VALIDATION_BATCH = 16
"""Held-out images judged at once; bounds the memory."""

logger = logging.getLogger(__name__)


def train(
    model: SuperResolver,
    examples: Examples,
    split: tuple[Indices, Indices],
    recipe: Recipe,
    *,
    fabric: Fabric,
    seed: int,
    live: Live | None,
    state: State | None,
) -> pd.DataFrame:
    """Train `model` in place, from the last finished epoch that `state` holds.

    Every process takes its share of each batch; the first one alone has a log and a state.

    Returns:
        One row per epoch and output: epoch, output, criterion (name of the loss that trains), loss
        and inverse_psnr (its mean and that of 1/PSNR over the epoch's training images, or crops of
        them), psnr (mean over the held-out images after the epoch, in dB, 8-bit outputs).

    Raises:
        StudyError: the loss is NaN or infinite.
    """
    rows, held_out = split
    epochs, batch_size = recipe.epochs, recipe.batch_size
    criterion = LOSSES[recipe.loss]
    optimization = OptimizationState(
        fabric, model, recipe, steps=epochs * ceil(len(rows) / batch_size)
    )
    rng = np.random.default_rng(seed)
    history: list[dict[str, Any]] = []
    if saved := fabric.broadcast(state.load() if state else None):
        optimization.load_state_dict(saved["optimization"])
        rng.bit_generator.state = saved["rng"]
        history = saved["history"]
        for start in range(0, len(history), len(model.outputs)):
            _log(live, epochs, history[start : start + len(model.outputs)])
    done = len(history) // len(model.outputs)
    for epoch in progress(range(done + 1, epochs + 1), desc=f"seed {seed}", unit="epoch"):
        model.train()
        order = rng.permutation(rows)
        sums = dict.fromkeys(product(("loss", SHARED), model.outputs), 0.0)
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            transform = int(rng.integers(DIHEDRAL)) if recipe.flips else 0
            cut = recipe.crops > 0 and rng.random() < recipe.crops
            corner = draw_corner(rng, examples.scale) if cut else None
            local_rows, share = _shard(batch, fabric)
            inputs, targets = examples.take(local_rows, transform, corner)
            outputs = optimization.forward(*inputs)
            losses = [criterion(outputs[name], target) for name, target in targets.items()]
            loss = torch.stack(losses) * share
            compared = _inverse_psnr(recipe, loss.detach(), outputs, targets, share)
            shown = torch.stack([loss.detach(), compared])
            values: list[list[float]] = cast("Tensor", fabric.all_reduce(shown)).tolist()
            if not all(map(isfinite, values[0])):
                step = start // batch_size + 1
                raise StudyError(
                    f"the loss is {sum(values[0])} in epoch {epoch}, step {step}; "
                    f"{recipe.rates()} may be too high"
                )
            optimization.step(loss.sum())
            for key, value in zip(sums, chain(*values), strict=True):
                sums[key] += value * len(batch)
        optimization.broadcast_buffers()
        quality = validate(optimization.network, examples, held_out, fabric)
        if not all(map(isfinite, quality.values())):
            raise StudyError(
                f"the held-out PSNR is NaN or infinite after epoch {epoch}; "
                f"{recipe.rates()} may be too high"
            )
        for name in model.outputs:
            line = {"epoch": epoch, "output": name, "criterion": recipe.loss}
            line |= {key: sums[key, name] / len(rows) for key in ("loss", SHARED)}
            history.append({**line, "psnr": quality[name]})
        generator = rng.bit_generator.state
        if state is not None:
            state.save(
                {"optimization": optimization.state_dict(), "rng": generator, "history": history}
            )
        _log(live, epochs, history[-len(model.outputs) :])
    model.load_state_dict(optimization.network.state_dict())
    return pd.DataFrame(history)


def _shard(batch: Indices, fabric: Fabric) -> tuple[Indices, float]:
    """This process's rows of a batch, and the weight that makes the processes' mean the batch's.

    A process for which no row is left computes one all the same, with no weight: all must meet.
    """
    local_rows = batch[fabric.global_rank :: fabric.world_size]
    return (local_rows if len(local_rows) else batch[:1]), len(
        local_rows
    ) * fabric.world_size / len(batch)


def _inverse_psnr(
    recipe: Recipe,
    losses: Tensor,
    outputs: dict[str, Tensor],
    targets: dict[str, Tensor],
    share: float,
) -> Tensor:
    """1/PSNR of the outputs that were just trained on: the loss itself where that is it."""
    if recipe.loss == SHARED:
        return losses
    with torch.no_grad():
        pairs = [(outputs[name].float(), target) for name, target in targets.items()]
        return torch.stack([LOSSES[SHARED](*pair) for pair in pairs]) * share


@torch.inference_mode()
def validate(
    model: SuperResolver, examples: Examples, rows: Indices, fabric: Fabric
) -> dict[str, float]:
    """Mean over images of the PSNR (dB) of each output, quantised to 8 bits."""
    model.eval()
    local_rows = np.arange(fabric.global_rank, len(rows), fabric.world_size)
    scores = torch.zeros(len(model.outputs), len(rows), device=examples.device)
    for start in range(0, len(local_rows), VALIDATION_BATCH):
        places = local_rows[start : start + VALIDATION_BATCH]
        inputs, targets = examples.take(rows[places])
        outputs = model(*inputs)
        for line, name in zip(scores, targets, strict=True):
            line[places] = psnr(quantise(outputs[name]), targets[name])
    scores = cast("Tensor", fabric.all_reduce(scores, reduce_op="sum"))
    return dict(zip(model.outputs, scores.mean(dim=1).tolist(), strict=True))


def train_model(
    name: str,
    pyramids: Pyramids,
    features: Features | None,
    split: tuple[Indices, Indices],
    recipe: Recipe,
    *,
    fabric: Fabric,
    data: str,
    seed: int,
    out: Path | None,
    states: Path | None,
) -> State | None:
    """Train one network with one seed; leave its checkpoint, history and log in `out`.

    Args:
        name: name of the model in the table.
        pyramids: all images.
        features: the features that this network takes, of all images.
        split: rows of the training images and of the held-out ones.
        recipe: how to train.
        fabric: the processes that train together.
        data: what `data_digest` gave of these arrays, the same for every seed.
        seed: seed of the first weights and of the order of the images.
        out: an existing folder; None in a process that only helps.
        states: folder of the state from which a stopped training goes on; None as `out`.

    Returns:
        The state, to be forgotten when the stage's output is in its place; None as `out`.

    Raises:
        StudyError: a batch larger than the training set, features of another data set,
            or a loss that is NaN or infinite; augmented images beside features; other data or
            settings than those of the first process.
    """
    count = len(split[0])
    if recipe.batch_size > count:
        raise StudyError(
            f"{recipe.group}.batch_size = {recipe.batch_size}: there are {count} training images"
        )
    for key in ("flips", "crops"):
        if features is not None and getattr(recipe, key):
            value = str(getattr(recipe, key)).lower()
            raise StudyError(
                f"{recipe.group}.{key} = {value}: {name} takes stored features of whole images "
                f"as they are; set it to {'false' if key == 'flips' else 0}"
            )
    if features is not None and len(features.array) != len(pyramids):
        raise StudyError("the stored features are of another data set; run `dvc repro`")
    torch.manual_seed(seed)
    network = model_class(name)()
    network.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[reportCallIssue]
    examples = Examples.of(pyramids, features, network.outputs, fabric.device)
    card = Card(
        model=name,
        seed=seed,
        trained=recipe.settings() | {"images": count} | engine(fabric),
        weights=features.label if features else None,
        fingerprint=features.fingerprint if features else None,
    )
    stem = card.file_name.removesuffix(".safetensors")
    identity = asdict(card) | {"threads": torch.get_num_threads(), "data": data}
    check_same_on_all_ranks(identity, fabric)
    if out is None or states is None:
        train(network, examples, split, recipe, fabric=fabric, seed=seed, live=None, state=None)
        return None
    state = State(states / f"{stem}.state", identity)
    with Live(str(out / "live" / stem), save_dvc_exp=False, dvcyaml=None, report=None) as live:
        history = train(
            network, examples, split, recipe, fabric=fabric, seed=seed, live=live, state=state
        )
    save_checkpoint(network, card, out)
    history.insert(0, "model", name)
    history.insert(1, "seed", seed)
    write_table(out / f"{stem}.history.csv", history)
    return state


def _log(live: Live | None, epochs: int, lines: list[dict[str, Any]]) -> None:
    """Log one epoch, given its line for each output; a process without a log says nothing."""
    if live is None:
        return
    for line in lines:
        figures = {line["criterion"]: line["loss"], SHARED: line[SHARED], "psnr": line["psnr"]}
        for name, value in figures.items():
            live.log_metric(f"{line['output']}/{name}", value)
    live.next_step()
    said = ", ".join(
        f"{line['output']} {line['criterion']} {line['loss']:.4f} held-out {line['psnr']:.2f} dB"
        for line in lines
    )
    logger.info("epoch %d/%d: %s", lines[0]["epoch"], epochs, said)
