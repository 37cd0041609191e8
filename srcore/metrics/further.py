"""The metrics that are measured only when they are asked for, with the network that some need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from srcore.metrics.asked import check_asked, label_of_metrics
from srcore.metrics.table import FURTHER, Measure, function_of
from srcore.params.schema import Evaluate


@dataclass(frozen=True)
class Further:
    """Metrics beside those that are always measured.

    Attributes:
        measures: name of a metric of `FURTHER` → its function.
        weights: label of the weights of their network, empty where none has one.
    """

    measures: Mapping[str, Measure] = field(default_factory=dict)
    weights: str = ""

    def __call__(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Every one of them, of each image.

        Args:
            output: (N, 3, H, W) RGB in [0, 1].
            target: (N, 3, H, W) RGB in [0, 1].

        Returns:
            Name → (N,), in the order in which they were asked for.
        """
        return {name: measure(output, target) for name, measure in self.measures.items()}


NONE = Further()


def load_further(asked: Evaluate, device: torch.device) -> Further:
    """The metrics that are asked for.

    Args:
        asked: which, and the weights of VGG16.
        device: where networks compute.

    Raises:
        StudyError: one is not known or lacks what it needs, or the weights cannot be used.
    """
    check_asked(asked)
    label, measures = label_of_metrics(asked), dict[str, Measure]()
    weights = [_tensors(asked.vgg16), device] if label else []
    for name in asked.metrics:
        metric = FURTHER[name]
        function = function_of(metric)
        measures[name] = function(*weights) if metric.needs_vgg16 else function
    return Further(measures, label)


def _tensors(weights: str) -> dict[str, Tensor]:
    from srcore.metrics.vgg16 import tensors_of  # noqa: PLC0415  # torchvision, for these only

    return tensors_of(weights)
