"""Whether a machine can do what `trainer:` asks for, checked before any work begins.

It is apart from `srcore.training.distributed` so that the stage `check` need not import Lightning.
"""

import os

import torch

from srcore.common.errors import StudyError
from srcore.common.text import printable
from srcore.params.schema import Trainer


def check_machines(device: torch.device, trainer: Trainer) -> None:
    """Look for the devices and the other machines that a training needs.

    Raises:
        StudyError: the machine has fewer devices, or does not know the other machines or its own
            number among them, or takes itself for another than the only one.
    """
    if device.type == "cuda" and trainer.devices > torch.cuda.device_count():
        raise StudyError(
            f"trainer.devices = {trainer.devices}: this machine has {torch.cuda.device_count()}"
        )
    if device.type == "mps" and trainer.devices * trainer.nodes > 1:
        raise StudyError("trainer.devices, trainer.nodes: mps is one device; set both to 1")
    known = {name for name, value in os.environ.items() if value}
    unknown = {"NODE_RANK", "MASTER_ADDR", "MASTER_PORT"} - known
    if trainer.nodes > 1 and unknown:
        raise StudyError(
            f"trainer.nodes = {trainer.nodes}: set {', '.join(sorted(unknown))} on every machine "
            "(docs/machines.md)"
        )
    if trainer.nodes > 1:
        _check_number("NODE_RANK", 0, trainer.nodes - 1)
        _check_number("MASTER_PORT", 1, 65535)
    elif trainer.devices > 1:
        for name in ("NODE_RANK", "GROUP_RANK"):
            if os.environ.get(name, "0") != "0":
                raise StudyError(
                    f"{name} = {printable(os.environ[name])}: there is one machine "
                    "(trainer.nodes = 1); unset it"
                )


def _check_number(name: str, least: int, most: int) -> None:
    text = os.environ[name]
    short = text.isascii() and text.isdecimal() and len(text) <= 9  # int() refuses thousands
    if not (short and least <= int(text) <= most):
        raise StudyError(
            f"{name} = {printable(text)}: must be a whole number from {least} to {most} "
            "(docs/machines.md)"
        )
