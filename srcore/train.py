"""Training a network, both outputs' losses added (report, steps 2 and 3)."""

import logging
from dataclasses import asdict, dataclass
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from dvclive.live import Live
from torch import Tensor

from srcore.augment import WAYS, turned
from srcore.checkpoint import Card, save_checkpoint
from srcore.data.packed import Indices, Pyramids
from srcore.errors import StudyError
from srcore.files import write_csv, write_json
from srcore.frozen.stored import Features
from srcore.learner import Learner
from srcore.loss import LOSSES, psnr
from srcore.models import model_class
from srcore.models.base import SuperResolver
from srcore.progress import progress
from srcore.recipe import Recipe
from srcore.resume import State, digest
from srcore.tensors import quantise, to_tensor

VALIDATION_BATCH = 16
"""Held-out pictures judged at once; bounds the memory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Examples:
    """Pictures, and features where the network takes them, read batch by batch from disk."""

    pyramids: Pyramids
    features: Features | None
    outputs: tuple[str, ...]
    device: torch.device

    def take(self, rows: Indices, way: int = 0) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """The network's arguments and the true pictures of some rows, each in [0, 1].

        Pictures are turned to one of the eight ways; stored features are not.
        """
        inputs = [turned(to_tensor(self.pyramids.low[rows], self.device), way)]
        if self.features is not None:
            stored = torch.from_numpy(self.features.array[rows])
            inputs.append(stored.to(self.device).float())
        truths = {
            output: turned(to_tensor(getattr(self.pyramids, output)[rows], self.device), way)
            for output in self.outputs
        }
        return tuple(inputs), truths


def train(
    model: SuperResolver,
    examples: Examples,
    split: tuple[Indices, Indices],
    recipe: Recipe,
    *,
    seed: int,
    live: Live,
    state: State,
) -> pd.DataFrame:
    """Train `model` in place, from the last finished epoch that `state` holds.

    Returns:
        One line an epoch and output: epoch, output, loss (mean over the epoch's training pictures),
        psnr (mean over the held-out pictures after the epoch, in dB, 8-bit outputs).

    Raises:
        StudyError: the loss is no longer a number.
    """
    rows, held_out = split
    epochs, batch_size = recipe.epochs, recipe.batch_size
    criterion = LOSSES[recipe.loss]
    learner = Learner(model, recipe, steps=epochs * ceil(len(rows) / batch_size))
    chance = np.random.default_rng(seed)
    history: list[dict[str, Any]] = []
    if saved := state.load():
        learner.load_state_dict(saved["learner"])
        chance.bit_generator.state = saved["chance"]
        history = saved["history"]
        for start in range(0, len(history), len(examples.outputs)):
            _log(live, epochs, history[start : start + len(examples.outputs)])
    done = len(history) // len(examples.outputs)
    for epoch in progress(range(done + 1, epochs + 1), desc=f"seed {seed}", unit="epoch"):
        model.train()
        order = chance.permutation(rows)
        sums = dict.fromkeys(examples.outputs, 0.0)
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            inputs, truths = examples.take(batch, int(chance.integers(WAYS)) if recipe.flips else 0)
            outputs = model(*inputs)
            losses = {name: criterion(outputs[name], truth) for name, truth in truths.items()}
            loss = torch.stack(list(losses.values())).sum()
            if not bool(torch.isfinite(loss)):
                raise StudyError(
                    f"the loss is {loss.item()} in epoch {epoch}, step {start // batch_size + 1}; "
                    f"{recipe.group}.lr = {recipe.lr} may be too high"
                )
            learner.step(loss)
            for name, value in losses.items():
                sums[name] += value.item() * len(batch)
        quality = validate(learner.network, examples, held_out)
        if not all(map(isfinite, quality.values())):
            raise StudyError(
                f"the network gives no numbers after epoch {epoch}; "
                f"{recipe.group}.lr = {recipe.lr} may be too high"
            )
        for name in examples.outputs:
            line = {"epoch": epoch, "output": name, "loss": sums[name] / len(rows)}
            history.append({**line, "psnr": quality[name]})
        generator = chance.bit_generator.state
        state.save({"learner": learner.state_dict(), "chance": generator, "history": history})
        _log(live, epochs, history[-len(examples.outputs) :])
    model.load_state_dict(learner.network.state_dict())
    return pd.DataFrame(history)


@torch.inference_mode()
def validate(model: SuperResolver, examples: Examples, rows: Indices) -> dict[str, float]:
    """Mean over pictures of the PSNR (dB) of each output, quantised to 8 bits."""
    model.eval()
    scores: dict[str, list[Tensor]] = {name: [] for name in examples.outputs}
    for start in range(0, len(rows), VALIDATION_BATCH):
        inputs, truths = examples.take(rows[start : start + VALIDATION_BATCH])
        outputs = model(*inputs)
        for name, truth in truths.items():
            scores[name].append(psnr(quantise(outputs[name]), truth))
    return {name: torch.cat(values).mean().item() for name, values in scores.items()}


def train_model(
    name: str,
    examples: Examples,
    split: tuple[Indices, Indices],
    recipe: Recipe,
    *,
    seed: int,
    out: Path,
    states: Path,
) -> State:
    """Train one network with one seed; leave its checkpoint, history, metrics and log in `out`.

    Args:
        name: name of the model in the table.
        examples: all pictures, with the features that this network takes.
        split: rows of the training pictures and of the held-out ones.
        recipe: how to train.
        seed: seed of the first weights and of the order of the pictures.
        out: an existing folder.
        states: folder of the state from which a stopped training goes on.

    Returns:
        The state, to be forgotten when the stage's output is in its place.

    Raises:
        StudyError: a batch larger than the training set, features of another data set,
            or a loss that is no number; turned pictures beside features.
    """
    count, features = len(split[0]), examples.features
    if recipe.batch_size > count:
        raise StudyError(
            f"{recipe.group}.batch_size = {recipe.batch_size}: there are {count} training pictures"
        )
    if features is not None and recipe.flips:
        raise StudyError(
            f"{recipe.group}.flips = true: {name} takes stored features, which are not turned; "
            "set it to false"
        )
    if features is not None and len(features.array) != len(examples.pyramids):
        raise StudyError("the stored features are of another data set; run `dvc repro`")
    torch.manual_seed(seed)
    network = model_class(name)()
    network.to(device=examples.device, memory_format=torch.channels_last)  # type: ignore[reportCallIssue]
    card = Card(
        model=name,
        seed=seed,
        trained={**asdict(recipe), "pictures": count, "device": examples.device.type},
        weights=features.label if features else None,
        fingerprint=features.fingerprint if features else None,
    )
    stem = card.file_name.removesuffix(".safetensors")
    arrays = [examples.pyramids.low, *(getattr(examples.pyramids, o) for o in network.outputs)]
    identity = asdict(card) | {
        "threads": torch.get_num_threads(),
        "data": digest(*arrays, *split, *([features.array] if features else [])),
    }
    state = State(states / f"{stem}.state", identity)
    with Live(str(out / "live" / stem), save_dvc_exp=False, dvcyaml=None, report=None) as live:
        history = train(network, examples, split, recipe, seed=seed, live=live, state=state)
    save_checkpoint(network, card, out)
    history.insert(0, "model", name)
    history.insert(1, "seed", seed)
    write_csv(out / f"{stem}.history.csv", history)
    last = history.groupby("output", sort=False).last()
    final = {
        output: {"loss": last.loss[output], "psnr": last.psnr[output]} for output in network.outputs
    }
    write_json(out / f"{stem}.metrics.json", {"weights": card.weights, **final})
    return state


def _log(live: Live, epochs: int, lines: list[dict[str, Any]]) -> None:
    """Log one epoch, given its line for each output."""
    for line in lines:
        live.log_metric(f"{line['output']}/loss", line["loss"])
        live.log_metric(f"{line['output']}/psnr", line["psnr"])
    live.next_step()
    said = ", ".join(
        f"{line['output']} loss {line['loss']:.4f} held-out {line['psnr']:.2f} dB" for line in lines
    )
    logger.info("epoch %d/%d: %s", lines[0]["epoch"], epochs, said)
