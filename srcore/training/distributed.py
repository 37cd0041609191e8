"""The processes that train one network together: Lightning Fabric, set up by `trainer:`."""

import logging
import re
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from srcore.common.errors import StudyError
from srcore.data.dataset import Features, Indices, Pyramids
from srcore.models.registry import model_class
from srcore.params.schema import Trainer
from srcore.training.machines import check_machines
from srcore.training.precision import Bfloat16Convolutions, Precision, pick_precision, processor
from srcore.training.resume import digest

T = TypeVar("T")

LOST = re.compile(r"[Cc]onnection (closed|reset|refused)|[Bb]roken pipe|[Ss]ocket|NCCL")
"""How torch says that another process is gone."""


def is_rank_zero(trainer: Trainer) -> bool:
    """Whether this process is the one that writes; known before the processes have met."""
    here = LightningEnvironment()
    alone = trainer.devices * trainer.nodes == 1
    return alone or here.node_rank() == here.local_rank() == 0


def rank_zero_only(
    trainer: Trainer, context: AbstractContextManager[T]
) -> AbstractContextManager[T | None]:
    """The context in the first process; None in the others, which only help to compute."""
    return context if is_rank_zero(trainer) else nullcontext()


@contextmanager
def rank_zero_errors(trainer: Trainer) -> Generator[None]:
    """Have one process of each machine tell what ended the training, without a traceback.

    Raises:
        StudyError: as the block; or another process of this training is gone.
    """
    try:
        yield
    except (StudyError, RuntimeError) as error:
        lost = not isinstance(error, StudyError)
        if lost and (trainer.devices * trainer.nodes == 1 or not LOST.search(str(error))):
            raise
        if LightningEnvironment().local_rank() > 0:
            sys.exit(1)
        if lost:
            raise StudyError(
                "another process of this training is gone; fix what it reported, and run again"
            ) from None
        raise


def launch(device: torch.device, trainer: Trainer, *, bfloat16: bool = True) -> Fabric:
    """Start the other processes of this machine, and meet those of the other machines.

    Each process runs the same command. Where one is asked for, nothing is started and Fabric
    changes no bit.

    Args:
        device: what computes.
        trainer: how many processes on how many machines, and the precision.
        bfloat16: whether precision `auto` may take bfloat16 for this network.

    Raises:
        StudyError: the machine has fewer devices, or does not know the other machines.
    """
    check_machines(device, trainer)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    threads = torch.get_num_threads()
    mixed = pick_precision(trainer.precision, device, bfloat16=bfloat16) == "bf16-mixed"
    fabric = Fabric(
        accelerator=device.type,
        devices=trainer.devices,
        num_nodes=trainer.nodes,
        strategy="ddp" if trainer.devices * trainer.nodes > 1 else "auto",
        plugins=[
            LightningEnvironment(),  # whatever else of a cluster the environment speaks of
            *([Bfloat16Convolutions(device)] if mixed else []),
        ],
    )
    fabric.launch()
    torch.set_num_threads(threads)  # Fabric shares the cores out when it starts processes
    return fabric


def data_digest(
    name: str,
    pyramids: Pyramids,
    features: Features | None,
    split: tuple[Indices, Indices],
    fabric: Fabric,
) -> str:
    """SHA-256 of all that a network learns from, read once on each machine; args as `train_model`.

    Processes of one machine read the same files, so one of them reads for all.
    """
    local = None
    if fabric.local_rank == 0:
        outputs = (getattr(pyramids, output) for output in model_class(name).outputs)
        local = digest(pyramids.low, *outputs, *split, *([features.array] if features else []))
    first: str | None = fabric.broadcast(local)
    return str(local or first)


def engine(fabric: Fabric) -> dict[str, Any]:
    """What computes a training, as its checkpoint carries it."""
    precision = cast("Precision", fabric.strategy.precision.precision)
    return {
        "device": fabric.device.type,
        "processor": processor(fabric.device, precision),
        "processes": fabric.world_size,
        "precision": precision,
    }


def check_same_on_all_ranks(identity: dict[str, Any], fabric: Fabric) -> None:
    """Have every process learn the same from the same: another machine may hold other data."""
    first = fabric.broadcast(identity)
    if other := [key for key, value in identity.items() if first.get(key) != value]:
        raise StudyError(
            f"the {', '.join(other)} of this training are not those of the first machine; "
            "give both the same commit, params.yaml and `dvc pull`"
        )
