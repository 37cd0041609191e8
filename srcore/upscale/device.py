"""The device that an option names, refused in the words of that option."""

import torch

from srcore.common.device import pick_device
from srcore.common.errors import StudyError

NAMES = ("auto", "cpu", "cuda", "mps")


def device_of(name: str, option: str = "--device ") -> torch.device:
    """The device of that name.

    Args:
        name: `auto`, `cpu`, `cuda` or `mps`.
        option: how the name was given, up to the name.

    Raises:
        StudyError: there is no such device, or it is not on this machine.
    """
    if name not in NAMES:
        raise StudyError(f"{option}{name}: no such device; give {', '.join(NAMES)}")
    try:
        return pick_device(name)
    except StudyError:  # it speaks of params.yaml
        raise StudyError(f"{option}{name}: not on this machine; use auto or cpu") from None
