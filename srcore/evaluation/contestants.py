"""Who takes part in the benchmark: the model set, the shipped network, and networks of others."""

from dataclasses import replace
from pathlib import Path

import torch

from srcore.common.errors import StudyError
from srcore.inference.baselines import PLUS, REFERENCES
from srcore.inference.foreign import load_external
from srcore.inference.load import load_network
from srcore.inference.network import Network, ensembles
from srcore.params.base import NOTHING
from srcore.params.optional import Benchmark

SHIPPED = "shipped"
"""Name of the package's own network in the tables."""


def contestants(
    model_set: list[Network], requested: Benchmark, device: torch.device
) -> list[Network]:
    """The networks that `benchmark` asks for: the model set's, and those beside it.

    Args:
        model_set: the study's own networks.
        requested: the parameters.
        device: where to compute.

    Raises:
        StudyError: a checkpoint cannot be used, or two networks would have one name.
    """
    found = list(model_set)
    if requested.shipped:
        network = load_network(None, None, device)
        found.append(replace(network, card=replace(network.card, model=SHIPPED)))
    # Rows of one name would be averaged as if they were seeds of one network.
    taken = {*REFERENCES, *(network.card.model for network in found)}
    if requested.checkpoints != NOTHING:
        others = load_external(Path(requested.checkpoints), device, pickles=requested.pickles)
        for name in (network.card.model for network in others):
            if name in taken or name.endswith(PLUS):
                raise StudyError(
                    f"benchmark.checkpoints: two methods would be named {name}; rename the file"
                )
            taken.add(name)
        found += others
    if requested.ensemble:
        found += ensembles(found)
    return found
