"""Where a stage computes, and the switches that make it give the same bits every time."""

import os

import torch

from srcore.errors import StudyError


def pick_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `mps` into a device that is there.

    Raises:
        StudyError: the device named is not on this machine.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there))
    if not there[name]:
        raise StudyError(f"device = {name}: not on this machine; use auto or cpu")
    return torch.device(name)


def prepare(device: str, threads: int) -> torch.device:
    """Pick the device, fix the number of threads and ask torch for deterministic algorithms."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs it to be exact
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    return pick_device(device)
