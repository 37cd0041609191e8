"""The time that a step's convolutions need alone: what no other way to write the step can beat."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

FORMATS = (torch.contiguous_format, torch.channels_last)
CONVOLUTIONS = (torch.ops.aten.convolution.default, torch.ops.aten.convolution_backward.default)


class Recorder(TorchDispatchMode):
    """Notes every convolution, forward and backward, that runs inside."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[tuple[Any, tuple[Any, ...]]] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in CONVOLUTIONS:
            self.calls[func, tuple(map(_plain, args))] += 1
        return func(*args, **(kwargs or {}))


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return tuple(value.shape), value.dtype, "tensor"
    return tuple(value) if isinstance(value, list) else value


def convolutions_alone(step: Callable[[], object], repetitions: int) -> float:
    """Seconds that the convolutions of one step need, each in the memory format that suits it."""
    with Recorder() as recorder:
        step()
    total = 0.0
    for (func, shapes), count in recorder.calls.items():
        total += count * min(_seconds(func, shapes, kind, repetitions) for kind in FORMATS)
    return total


def _seconds(func: Any, shapes: tuple[Any, ...], kind: torch.memory_format, n: int) -> float:
    args = [_tensor(value, kind) for value in shapes]
    func(*args)
    times: list[float] = []
    for _ in range(n):
        start = time.perf_counter()
        func(*args)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _tensor(value: Any, kind: torch.memory_format) -> Any:
    if not (isinstance(value, tuple) and value[-1:] == ("tensor",)):
        return list(value) if isinstance(value, tuple) else value
    shape, dtype, _ = value
    tensor = torch.rand(shape).to(dtype)
    return tensor.to(memory_format=kind) if tensor.dim() == 4 else tensor
