"""Where a stage computes, and the switches that make it give the same bits every time."""

import ctypes
import os
import sys

import torch

from srcore.common.errors import StudyError

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Options of mallopt(3)."""


def pick_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `mps` into a device that is there, and computes float32 whole.

    Raises:
        StudyError: the device named is not on this machine.
    """
    torch.backends.cudnn.allow_tf32 = False  # else convolutions round float32 to 10 bits
    torch.backends.cuda.matmul.allow_tf32 = False
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
    # Filling fresh memory helps debugging and takes a twentieth of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[reportAttributeAccessIssue]
    torch.backends.cudnn.benchmark = False
    _keep_freed_memory()
    return pick_device(device)


def _keep_freed_memory() -> None:
    """Have glibc keep what a step frees for the next one, which needs as much.

    Given back to the kernel, every page is cleared anew at its next use.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
