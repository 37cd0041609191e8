"""Time of one training step, the literal program against the product: `make bench`.

Both run in turn in one process, so that the ratio holds on a shared machine. The literal program
has its frozen extractor inside the step, as a notebook would; the product reads stored features.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from literal import LITERAL, PSNRLoss

from srcore.device import prepare
from srcore.files import write_csv
from srcore.frozen.extractor import Extractor, load_extractor
from srcore.learner import Learner
from srcore.loss import LOSSES
from srcore.models import model_class
from srcore.params import Params, load_params
from srcore.recipe import recipe_for

REPETITIONS = 7


class InsideTheStep(torch.nn.Module):
    """A frozen extractor as a part of the literal program."""

    def __init__(self, extractor: Extractor) -> None:
        super().__init__()
        self.extractor = extractor

    def forward(self, low: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) → features; cloned, since inference tensors cannot be trained on."""
        return self.extractor(low).clone()


def literal_step(model: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> Callable[[], float]:
    """Forward, loss, backward and Adam, as a notebook has them; gives the loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    def step() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def product_step(learner: Learner, loss: Callable[[], torch.Tensor]) -> Callable[[], float]:
    """The same, as `srcore.train` has them."""

    def step() -> float:
        value = loss()
        learner.step(value)
        return value.item()

    return step


def measure(name: str, params: Params, device: torch.device) -> dict[str, object]:
    cls = model_class(name)
    recipe = recipe_for(cls, params)
    batch = recipe.batch_size
    extractor = load_extractor(cls.frozen, "random", device) if cls.frozen else None
    torch.manual_seed(0)
    low = torch.rand(batch, 3, 72, 72)
    truths = {"mid": torch.rand(batch, 3, 144, 144), "large": torch.rand(batch, 3, 288, 288)}
    product = cls()
    literal = LITERAL[name](InsideTheStep(extractor)) if extractor else LITERAL[name]()
    literal.load_state_dict(product.state_dict())
    product.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    inputs = (low, extractor(low).clone()) if extractor else (low,)
    criterion = PSNRLoss() if recipe.loss == "inverse_psnr" else torch.nn.L1Loss()

    def literal_loss() -> torch.Tensor:
        outputs = literal(low)
        return torch.stack([criterion(outputs[o], truths[o]) for o in cls.outputs]).sum()

    def product_loss() -> torch.Tensor:
        outputs = product(*inputs)
        return torch.stack([LOSSES[recipe.loss](outputs[o], truths[o]) for o in cls.outputs]).sum()

    learner = Learner(product, recipe, steps=1 + REPETITIONS)
    steps = {
        "literal": literal_step(literal, literal_loss),
        "product": product_step(learner, product_loss),
    }
    difference = abs(steps["literal"]() - steps["product"]())
    times: dict[str, list[float]] = {kind: [] for kind in steps}
    for _ in range(REPETITIONS):
        for kind, step in steps.items():
            start = time.perf_counter()
            step()
            times[kind].append(1000 * (time.perf_counter() - start) / batch)
    ours, theirs = statistics.median(times["product"]), statistics.median(times["literal"])
    return {
        "model": name,
        "batch": batch,
        "literal_ms": round(theirs, 1),
        "product_ms": round(ours, 1),
        "ratio": round(theirs / ours, 2),
        "first_loss_differs_by": f"{difference:.1e}",
    }


def main() -> None:
    params = load_params()
    device = prepare("cpu", params.threads)
    table = pd.DataFrame([measure(name, params, device) for name in LITERAL])
    print(table.to_string(index=False))
    write_csv(Path("benchmarks/step.csv"), table)


if __name__ == "__main__":
    main()
