"""Training several seeds of one small network at once: one page of torch, and nothing else.

A small network leaves a GPU idle between its launches. So the seeds take their steps together: on
CUDA a step of all of them is one graph, in which each has a stream of its own, and their weights
are the rows of one matrix, which Adam updates as a whole. On a CPU the same code runs without
graphs. It does what `srcore.training.loop` does, step by step; a test holds the two together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.common.tensors import quantise, to_float
from srcore.data.dataset import Indices
from srcore.ideas.seeds import StackedNetworks
from srcore.metrics.psnr import psnr
from srcore.models.base import SuperResolver
from srcore.training.augment import DIHEDRAL, dihedral
from srcore.training.losses import LOSSES
from srcore.training.recipe import Recipe

EVALUATION_BATCH = 33
"""Held-out images evaluated at once; bounds the memory."""
WARM_UP = 3
"""Steps before a graph is recorded, in which libraries choose their kernels; they are undone."""


@dataclass(frozen=True)
class Resident:
    """A data set where the training is.

    Attributes:
        low: (N, H, W, 3) uint8.
        targets: output → (N, s·H, s·W, 3) uint8.
        features: frozen features of every image, (N, ...) float16, None without.
    """

    low: Tensor
    targets: dict[str, Tensor]
    features: Tensor | None = None

    def take(
        self, rows: Tensor, outputs: Sequence[str], sources: "dict[int, Tensor] | None" = None
    ) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """A network's arguments and targets for some rows, in [0, 1].

        Args:
            rows: (B,) int64, on the device.
            outputs: the outputs of the network.
            sources: side → (side²,) where each pixel of a transformed image comes from.
        """
        inputs = [_transformed(self.low, rows, sources)]
        if self.features is not None:
            inputs.append(self.features.index_select(0, rows).float())
        return tuple(inputs), {o: _transformed(self.targets[o], rows, sources) for o in outputs}


def _transformed(images: Tensor, rows: Tensor, sources: dict[int, Tensor] | None) -> Tensor:
    chosen = images.index_select(0, rows)
    if sources is not None:
        flat = chosen.flatten(1, 2).index_select(1, sources[images.shape[1]])
        chosen = flat.view(chosen.shape)
    return to_float(chosen)


class Training:
    """One training of several seeds, epoch by epoch."""

    def __init__(
        self,
        build: Callable[[], SuperResolver],
        data: Resident,
        split: tuple[Indices, Indices],
        recipe: Recipe,
        *,
        seeds: Sequence[int],
        precision: str,
    ) -> None:
        """Prepare it.

        Args:
            build: makes the network, whose first weights follow torch's seed.
            data: the images.
            split: rows of the training images and of the held-out ones.
            recipe: how to train.
            seeds: of the first weights and of the order of the images.
            precision: 32-true, or bf16-mixed for convolutions in bfloat16.

        Raises:
            StudyError: a batch is larger than the training images.
            ValueError: the recipe asks for what this loop leaves to `srcore.training.loop`.
        """
        if recipe.average or recipe.optimizer != "adam":
            raise ValueError(f"{recipe}: here is Adam alone, and no average of the weights")
        rows, self.held_out = split
        if recipe.batch_size > len(rows):
            raise StudyError(
                f"{recipe.group}.batch_size = {recipe.batch_size}: there are {len(rows)} "
                "training images"
            )
        self.data, self.recipe, self.seeds = data, recipe, seeds
        self.device = data.low.device
        self.count, self.batches = len(rows), ceil(len(rows) / recipe.batch_size)
        self.stack = StackedNetworks(
            build, seeds, recipe, recipe.epochs * self.batches, self.device
        )
        self.outputs = self.stack.networks[0].outputs
        self._autocast = precision == "bf16-mixed"
        orders, transforms = zip(*(self._draw(rows, seed) for seed in seeds), strict=True)
        self._orders = torch.from_numpy(np.stack(orders)).to(self.device)
        self._transforms = torch.from_numpy(np.stack(transforms)).to(self.device)
        self._start = torch.zeros(1, dtype=torch.int64, device=self.device)
        self._batch = torch.zeros(1, dtype=torch.int64, device=self.device)
        self._sums = torch.zeros(len(seeds), len(self.outputs), device=self.device)
        self._pixel_sources = {
            side: _pixel_sources(side).to(self.device)
            for side in {i.shape[1] for i in (data.low, *data.targets.values())}
            if recipe.flips
        }
        self._streams = [torch.cuda.Stream() for _ in seeds] if self.device.type == "cuda" else []
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def _draw(self, rows: Indices, seed: int) -> tuple[Indices, Indices]:
        """The order of the images, epoch after epoch, and the dihedral transform of every batch."""
        rng = np.random.default_rng(seed)
        order: list[Indices] = []
        transforms: list[int] = []
        for _ in range(self.recipe.epochs):
            order.append(rng.permutation(rows))
            if self.recipe.flips:
                transforms += [int(rng.integers(DIHEDRAL)) for _ in range(self.batches)]
        return np.concatenate(order), np.array(transforms, np.int64)

    def epoch(self) -> np.ndarray:
        """One pass over the training images.

        Returns:
            Mean loss of every seed and output, (seeds, outputs).

        Raises:
            StudyError: a loss is NaN or infinite.
        """
        for network in self.stack.networks:
            network.train()
        self._sums.zero_()
        size = self.recipe.batch_size
        for start in range(0, self.count, size):
            self._take_step(min(size, self.count - start))
        losses = self._sums.cpu().numpy() / self.count
        self._refuse_nan("loss", losses)
        return losses

    def _refuse_nan(self, what: str, figures: np.ndarray) -> None:
        """Raise where one of the figures (seeds, ...) is NaN or infinite, and name the seeds."""
        finite = [bool(np.isfinite(of_seed).all()) for of_seed in figures]
        if not all(finite):
            wrong = ", ".join(
                str(s) for s, fine in zip(self.seeds, finite, strict=True) if not fine
            )
            raise StudyError(
                f"the {what} of seed {wrong} is NaN or infinite; {self.recipe.rates()} may be too "
                "high"
            )

    def _take_step(self, size: int) -> None:
        if self.device.type != "cuda":
            self._all(size)
            return
        if size not in self._graphs:
            self._graphs[size] = self._record(size)
        self._graphs[size].replay()

    def _record(self, size: int) -> "torch.cuda.CUDAGraph":
        """Record a step on `size` images, leaving everything as it was."""
        changed = [*self.stack.state(), self._start, self._batch, self._sums]
        kept = [value.clone() for value in changed]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._start.zero_()
                self._batch.zero_()
                self.stack.state()[-1].zero_()
                self._all(size)
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._all(size)
        for value, before in zip(changed, kept, strict=True):
            value.copy_(before)
        return graph

    def _all(self, size: int) -> None:
        """A step of all networks."""
        here = torch.cuda.current_stream() if self._streams else None
        for k in range(len(self.stack.networks)):
            if here is None:
                self._one(k, size)
                continue
            self._streams[k].wait_stream(here)
            with torch.cuda.stream(self._streams[k]):
                self._one(k, size)
        if here is not None:
            for stream in self._streams:
                here.wait_stream(stream)
        self.stack.step()
        self._start += size
        self._batch += 1

    def _one(self, k: int, size: int) -> None:
        """Network k's gradient on its next `size` images."""
        places = self._start + torch.arange(size, device=self.device)
        rows = self._orders[k].index_select(0, places)
        sources = None
        if self.recipe.flips:
            transform = self._transforms[k].index_select(0, self._batch)
            sources = {
                s: table.index_select(0, transform)[0] for s, table in self._pixel_sources.items()
            }
        inputs, targets = self.data.take(rows, self.outputs, sources)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._autocast):
            made = self.stack.networks[k](*inputs)
        criterion = LOSSES[self.recipe.loss]
        losses = torch.stack([criterion(made[o].float(), targets[o]) for o in self.outputs])
        self.stack.backward(k, losses.sum())
        self._sums[k] += losses.detach() * size

    @torch.no_grad()
    def evaluate(self) -> np.ndarray:
        """PSNR in dB of every seed, output and held-out image, of 8-bit outputs, in float32."""
        rows = torch.from_numpy(self.held_out).to(self.device)
        scores = torch.zeros(len(self.stack.networks), len(self.outputs), len(rows))
        for k, network in enumerate(self.stack.networks):
            network.eval()
            for start in range(0, len(rows), EVALUATION_BATCH):
                part = rows[start : start + EVALUATION_BATCH]
                inputs, targets = self.data.take(part, self.outputs)
                made = network(*inputs)
                for j, output in enumerate(self.outputs):
                    figures = psnr(quantise(made[output]), targets[output])
                    scores[k, j, start : start + len(part)] = figures.cpu()
        return scores.numpy()

    def run(self, *, curve: bool = True) -> tuple[list[pd.DataFrame], np.ndarray]:
        """Train to the end.

        Args:
            curve: whether to evaluate after every epoch, or after the last one alone.

        Returns:
            The history of every seed (epoch, output, loss, psnr) in the epochs that were evaluated,
            and what `evaluate` gives last.

        Raises:
            StudyError: a loss or a held-out PSNR is NaN or infinite.
        """
        histories: list[list[dict[str, object]]] = [[] for _ in self.stack.networks]
        scores = np.zeros(0)
        for epoch in range(1, self.recipe.epochs + 1):
            losses = self.epoch()
            if not curve and epoch < self.recipe.epochs:
                continue
            scores = self.evaluate()
            self._refuse_nan("held-out PSNR", scores)
            means = scores.mean(axis=2)
            for k, history in enumerate(histories):
                history += [
                    {"epoch": epoch, "output": o, "loss": losses[k, j], "psnr": means[k, j]}
                    for j, o in enumerate(self.outputs)
                ]
        return [pd.DataFrame(history) for history in histories], scores


def _pixel_sources(side: int) -> Tensor:
    """(8, side²): for every dihedral transform, which pixel comes to each place."""
    places = torch.arange(side * side).view(1, 1, side, side)
    return torch.stack([dihedral(places, transform).reshape(-1) for transform in range(DIHEDRAL)])
