"""Time of one training step, the literal program against the product: `make bench`.

Beside it, what enlarging one image takes, which is another matter: its frozen features are computed
there, and stored before training.

Each runs in a process of its own, as it would at a user's, and they take turns, so that the
ratio holds on a shared machine. The literal program has its frozen extractor inside the step, as a
notebook would, torch as it comes, and float32; the product reads stored features, and is measured
in float32 and, where the processor has units for it, in bfloat16.
"""

import argparse
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from literal import LITERAL, L1AndSpectrum, PSNRLoss

from benchmarks.limit import convolutions_alone
from srcore.common.device import prepare
from srcore.common.tables import write_table
from srcore.features.extractor import Extractor, load_extractor
from srcore.inference.network import Network
from srcore.models.checkpoint import Card
from srcore.models.registry import model_class
from srcore.params import load_params
from srcore.params.schema import Trainer
from srcore.training.batches import Examples
from srcore.training.distributed import launch
from srcore.training.losses import LOSSES
from srcore.training.optimization import OptimizationState
from srcore.training.precision import Precision, bfloat16_units, processor
from srcore.training.recipe import Recipe, recipe_for

LITERALLY = "literal"
"""Name of the literal program among those that are measured; others are named by precision."""
BATCH = 8
"""As in `make paper`; the sample has fewer images per step."""
REPEATS, STEPS = 7, 5
"""Repeats that count of each program (the first does not), and steps in each."""
SIZES = {"low": 72, "mid": 144, "large": 288}
CPU = torch.device("cpu")

Step = Callable[[], float]


class InsideTheStep(torch.nn.Module):
    """A frozen extractor as a part of the literal program."""

    def __init__(self, extractor: Extractor) -> None:
        super().__init__()
        self.extractor = extractor

    def forward(self, low: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) → features, of the batch as it is."""
        with torch.no_grad():
            return self.extractor.embed(low)


def recipe_of(name: str, batch: int) -> Recipe:
    """How params.yaml has a network trained, those of the original study in such batches."""
    cls = model_class(name)
    recipe = recipe_for(cls, load_params())
    return recipe if cls.ours else replace(recipe, batch_size=batch)


def images(batch: int) -> dict[str, torch.Tensor]:
    """The same bytes for both programs: (N, H, W, 3)."""
    generator = torch.Generator().manual_seed(0)
    return {
        level: torch.randint(256, (batch, side, side, 3), generator=generator, dtype=torch.uint8)
        for level, side in SIZES.items()
    }


def literal(name: str, recipe: Recipe) -> tuple[Step]:
    """A step as a notebook has it: forward, loss, backward, Adam; gives the loss."""
    params, cls = load_params(), model_class(name)
    torch.set_num_threads(params.threads)
    extractor = load_extractor(cls.frozen, "random", CPU) if cls.frozen else None
    torch.manual_seed(0)
    state = cls().state_dict()
    model = LITERAL[name](InsideTheStep(extractor)) if extractor else LITERAL[name]()
    model.load_state_dict(state)
    levels = {
        level: (array.permute(0, 3, 1, 2).float() / 255).contiguous()
        for level, array in images(recipe.batch_size).items()
    }
    criterion = {"inverse_psnr": PSNRLoss(), "l1": torch.nn.L1Loss(), "l1_fft": L1AndSpectrum()}
    criterion = criterion[recipe.loss]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    def step() -> float:
        optimizer.zero_grad()
        outputs = model(levels["low"])
        loss = torch.stack([criterion(outputs[o], levels[o]) for o in cls.outputs]).sum()
        loss.backward()
        optimizer.step()
        return loss.item()

    return (step,)


def product(name: str, recipe: Recipe, precision: str) -> tuple[Step, Step, Step]:
    """The same, as `srcore.training.loop` has it; the making of its batch; enlarging one image.

    Enlarging computes frozen features from the image, as for any new one, and all in float32.
    """
    params, cls = load_params(), model_class(name)
    prepare("cpu", params.threads)
    extractor = load_extractor(cls.frozen, "random", CPU) if cls.frozen else None
    torch.manual_seed(0)
    model = cls()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    levels = {level: array.numpy() for level, array in images(recipe.batch_size).items()}
    low, targets = levels.pop("low"), {output: levels[output] for output in cls.outputs}
    features = None
    if extractor is not None:
        shown = torch.from_numpy(low).permute(0, 3, 1, 2).float() / 255
        features = extractor(shown).half().numpy()
    examples = Examples(low, targets, features, CPU)
    rows = torch.arange(recipe.batch_size).numpy()
    fabric = launch(CPU, Trainer(devices=1, nodes=1, precision=cast("Precision", precision)))
    optimization = OptimizationState(fabric, model, recipe, steps=STEPS * (1 + REPEATS) + 2)
    inputs, true = examples.take(rows)

    def step() -> float:
        outputs = optimization.forward(*inputs)
        loss = torch.stack([LOSSES[recipe.loss](outputs[o], true[o]) for o in cls.outputs]).sum()
        value = loss.item()
        optimization.step(loss)
        return value

    def batch() -> float:
        examples.take(rows)
        return 0.0

    network = Network(model, Card(name, 0, {}), extractor)

    def enlarge() -> float:
        network(inputs[0][:1])
        return 0.0

    return step, batch, enlarge


def serve(program: str, name: str, recipe: Recipe, connection: Connection) -> None:
    """Take some steps whenever asked to; at the end tell what else is known."""
    if program == LITERALLY:
        step, *others = literal(name, recipe)
    else:
        step, *others = product(name, recipe, program)
    while connection.recv():
        start = time.perf_counter()
        losses = [step() for _ in range(STEPS)]
        connection.send(((time.perf_counter() - start) / STEPS, losses))
    if others:
        medians: list[float] = []
        for other in others:
            other()
            medians.append(statistics.median([_seconds(other) for _ in range(3 * REPEATS)]))
        connection.send((convolutions_alone(step, 3 * REPEATS), *medians))


def _seconds(step: Step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measure(name: str, recipe: Recipe, precisions: list[str]) -> list[dict[str, object]]:
    """A line of the table for each precision; times in ms an image.

    The losses of all steps are compared, but for a network with steps of its own that of the first.
    """
    batch = recipe.batch_size
    compared = None if recipe.schedule == "constant" and not recipe.max_norm else 1
    context = multiprocessing.get_context("spawn")
    programs = [LITERALLY, *precisions]
    connections: dict[str, Connection] = {}
    processes: dict[str, BaseProcess] = {}
    for program in programs:
        connections[program], theirs = context.Pipe()
        process = context.Process(target=serve, args=(program, name, recipe, theirs), daemon=True)
        process.start()
        processes[program] = process
    times: dict[str, list[float]] = {program: [] for program in connections}
    losses: dict[str, list[float]] = {program: [] for program in connections}
    for repetition in range(1 + REPEATS):
        for program, connection in connections.items():
            connection.send(True)
            seconds, lost = connection.recv()
            losses[program] += lost
            if repetition:
                times[program].append(1000 * seconds / batch)
    lines: list[dict[str, object]] = []
    theirs_ms = statistics.median(times[LITERALLY])
    for program, connection in connections.items():  # each is gone before the next takes its limit
        connection.send(False)
        if program != LITERALLY:
            ours = statistics.median(times[program])
            *of_batch, enlarging = connection.recv()
            limit, data = (1000 * seconds / batch for seconds in of_batch)
            pairs = zip(losses[LITERALLY][:compared], losses[program][:compared], strict=True)
            lines.append(
                {
                    "model": name,
                    "batch": batch,
                    "precision": program,
                    "processor": processor(CPU, cast("Precision", program)),
                    "literal_ms": round(theirs_ms, 1),
                    "product_ms": round(ours, 1),
                    "ratio": round(theirs_ms / ours, 2),
                    "convolutions_ms": round(limit, 1),
                    "share": round(limit / ours, 2),
                    "data_share": round(data / ours, 3),
                    "enlarging_ms": round(1000 * enlarging, 1),
                    "loss_differs_by": f"{max(abs(a - b) for a, b in pairs):.1e}",
                }
            )
        processes[program].join()
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=list(LITERAL), help="all if none is named")
    parser.add_argument(
        "--batch", type=int, default=BATCH, help="images per step of the original study's networks"
    )
    given = parser.parse_args()
    precisions = ["32-true", *(["bf16-mixed"] if bfloat16_units(CPU) else [])]
    lines: list[dict[str, object]] = []
    for name in given.models:
        for line in measure(name, recipe_of(name, given.batch), precisions):
            print(*line.values(), flush=True)  # the table takes minutes
            lines.append(line)
    table = pd.DataFrame(lines)
    print(table.to_string(index=False))
    for precision, part in table[table.model != "subpixel"].groupby("precision"):
        mean = statistics.geometric_mean(part.ratio)
        print(f"geometric mean of the original study's networks, {precision}: {mean:.2f}")
    write_table(Path("benchmarks/step.csv"), table)


if __name__ == "__main__":
    main()
