"""The processes that train one network together: Lightning Fabric, set up by `trainer:`."""

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from lightning_fabric import Fabric

from srcore.errors import StudyError
from srcore.params.schema import Trainer

T = TypeVar("T")


def is_first() -> bool:
    """Whether this process is the one that writes; known before the processes have met."""
    node = os.environ.get("NODE_RANK", os.environ.get("GROUP_RANK", "0"))
    return node == "0" and os.environ.get("LOCAL_RANK", "0") == "0"


def first_only(context: AbstractContextManager[T]) -> AbstractContextManager[T | None]:
    """The context in the first process; None in the others, which only help to compute."""
    return context if is_first() else nullcontext()


def launch(device: torch.device, trainer: Trainer) -> Fabric:
    """Start the other processes of this machine, and meet those of the other machines.

    Each process runs the same command. Where one is asked for, nothing is started and Fabric
    changes no bit.

    Raises:
        StudyError: the machine has fewer devices.
    """
    if device.type == "cuda" and trainer.devices > torch.cuda.device_count():
        raise StudyError(
            f"trainer.devices = {trainer.devices}: this machine has {torch.cuda.device_count()}"
        )
    if device.type == "mps" and trainer.devices * trainer.nodes > 1:
        raise StudyError("trainer.devices, trainer.nodes: mps is one device; set both to 1")
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    threads = torch.get_num_threads()
    fabric = Fabric(
        accelerator=device.type,
        devices=trainer.devices,
        num_nodes=trainer.nodes,
        precision=trainer.precision,
        strategy="ddp" if trainer.devices * trainer.nodes > 1 else "auto",
    )
    fabric.launch()
    torch.set_num_threads(threads)  # Fabric shares the cores out when it starts processes
    return fabric
