"""Running an exported graph beside torch, at sizes that it was not recorded with."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from srcore.common.errors import StudyError, reason
from srcore.common.stage import NO_MEMORY
from srcore.inference.network import Network

SHAPES = ((1, 3, 72, 72), (2, 3, 97, 61))
"""Shapes of the images of noise that are compared: the study's own, and an odd one, by two."""
TOLERANCE = 1e-4
"""Largest difference allowed, on a scale of 1: a fortieth of a level of 8 bits."""
TOLERANCE_ROUNDED = 1e-3
"""The same beside frozen features: a quarter of a level.

Features are rounded to float16. Where the last bits of a sum fall on the other side of a
rounding, a feature is one step (a thousandth of itself) away, which no exporter can help.
"""


@dataclass(frozen=True)
class Deviation:
    """How far the graph is from torch on one image.

    Attributes:
        shape: of the image.
        largest: largest difference over all outputs, on a scale of 1.
    """

    shape: tuple[int, ...]
    largest: float


def tolerance(network: Network) -> float:
    """Largest difference allowed between the graph and torch."""
    return TOLERANCE if network.extractor is None else TOLERANCE_ROUNDED


def compare(
    network: Network, graph: Path, shapes: tuple[tuple[int, ...], ...] = SHAPES
) -> list[Deviation]:
    """Run the file `graph` in onnxruntime and `network` in torch on the same noise.

    Raises:
        StudyError: onnxruntime cannot run it, or its outputs are other than torch's.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong, it raises
    options.intra_op_num_threads = torch.get_num_threads()
    generator = torch.Generator().manual_seed(0)
    found: list[Deviation] = []
    try:
        session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        for shape in shapes:
            low = torch.rand(shape, generator=generator)
            expected = network(low)
            names = [output.name for output in session.get_outputs()]
            given = dict(zip(names, session.run(names, {"low": low.numpy()}), strict=True))
            differences = [
                _largest(output.clamp(0, 1).numpy(), given[name])
                for name, output in expected.items()
            ]
            found.append(Deviation(shape, max(differences)))
    except Exception as error:  # onnxruntime's own are of no common class
        if NO_MEMORY.search(str(error)):
            raise MemoryError from error
        raise StudyError(
            f"{network.card.model}: onnxruntime cannot run the graph ({reason(error)})"
        ) from None
    worst = max(found, key=lambda one: one.largest)
    if not worst.largest <= tolerance(network):
        raise StudyError(
            f"{network.card.model}: onnxruntime's output is {worst.largest:.1e} away from torch's "
            f"for {by(worst.shape)} (allowed: {tolerance(network):.0e}), so nothing was written; "
            "use the versions of constraints.txt"
        )
    return found


def by(shape: tuple[int, ...]) -> str:
    """A shape (N, 3, H, W) as one reads it: "2 images of 97×61"."""
    count, _, height, width = shape
    return f"{count} image{'s' if count > 1 else ''} of {height}×{width}"


def _largest(expected: np.ndarray, given: object) -> float:
    array = np.asarray(given)
    if array.shape != expected.shape:
        return math.inf
    largest = float(np.abs(array - expected).max())
    return largest if math.isfinite(largest) else math.inf
