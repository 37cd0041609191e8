"""The processes that train one network together: Lightning Fabric, set up by `trainer:`."""

import logging
import os
import re
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from srcore.common.errors import StudyError
from srcore.params.schema import Trainer

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
                "another process of this training is gone; mend what it told, and run again"
            ) from None
        raise


def launch(device: torch.device, trainer: Trainer) -> Fabric:
    """Start the other processes of this machine, and meet those of the other machines.

    Each process runs the same command. Where one is asked for, nothing is started and Fabric
    changes no bit.

    Raises:
        StudyError: the machine has fewer devices, or does not know the other machines.
    """
    if device.type == "cuda" and trainer.devices > torch.cuda.device_count():
        raise StudyError(
            f"trainer.devices = {trainer.devices}: this machine has {torch.cuda.device_count()}"
        )
    if device.type == "mps" and trainer.devices * trainer.nodes > 1:
        raise StudyError("trainer.devices, trainer.nodes: mps is one device; set both to 1")
    unknown = {"NODE_RANK", "MASTER_ADDR", "MASTER_PORT"} - os.environ.keys()
    if trainer.nodes > 1 and unknown:
        raise StudyError(
            f"trainer.nodes = {trainer.nodes}: set {', '.join(sorted(unknown))} on every machine "
            "(docs/machines.md)"
        )
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    threads = torch.get_num_threads()
    fabric = Fabric(
        accelerator=device.type,
        devices=trainer.devices,
        num_nodes=trainer.nodes,
        precision=trainer.precision,
        strategy="ddp" if trainer.devices * trainer.nodes > 1 else "auto",
        plugins=LightningEnvironment(),  # whatever else of a cluster the environment speaks of
    )
    fabric.launch()
    torch.set_num_threads(threads)  # Fabric shares the cores out when it starts processes
    return fabric
