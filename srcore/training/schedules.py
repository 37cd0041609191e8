"""Learning-rate schedules by name, each a pure function of the step."""

import math
from collections.abc import Callable
from dataclasses import dataclass

ADAM_BETA1 = 0.9
START, END = 1 / 25, 1 / 250_000
"""First and last factor of one cycle (torch's `OneCycleLR`)."""
RISE = 0.3
"""Share of the steps for which one cycle goes up."""
LOW_BETA1, HIGH_BETA1 = 0.85, 0.95


@dataclass(frozen=True)
class Rate:
    """What a schedule asks of one step.

    Attributes:
        factor: on the highest learning rate of each optimiser, from 0 to 1.
        beta1: Adam's share of earlier gradients.
    """

    factor: float
    beta1: float = ADAM_BETA1


def constant(step: int, steps: int, warm_up: float) -> Rate:
    """The same rate at every step (after the warm-up, where one is asked for)."""
    return Rate(_rise(step, warm_up * steps))


def linear(step: int, steps: int, warm_up: float) -> Rate:
    """Straight up over the warm-up, then straight down to nothing."""
    rise = max(1.0, warm_up * steps)
    down = min(max((step - rise) / max(steps - rise, 1.0), 0.0), 1.0)
    return Rate(_rise(step, rise) * (1 - down))


def one_cycle(step: int, steps: int, warm_up: float) -> Rate:  # noqa: ARG001 it has its own rise
    """Up for three tenths of the steps, then down to nothing, both along a cosine.

    Adam's momentum goes the other way (Smith and Topin 2018, as torch's `OneCycleLR` has it).
    """
    top = RISE * steps - 1
    if step <= top:
        share = step / top
        return Rate(_cosine(START, 1, share), _cosine(HIGH_BETA1, LOW_BETA1, share))
    share = min((step - top) / max(steps - 1 - top, 1e-9), 1.0)
    return Rate(_cosine(1, END, share), _cosine(LOW_BETA1, HIGH_BETA1, share))


Schedule = Callable[[int, int, float], Rate]

SCHEDULES: dict[str, Schedule] = {"constant": constant, "linear": linear, "one_cycle": one_cycle}
"""Name of a schedule → its function of a step (from 0), all steps, and the share that warms up."""


def _rise(step: int, rise: float) -> float:
    return min(1.0, (step + 1) / rise) if rise > 1 else 1.0


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
