"""The metrics that are measured only when they are asked for, with the network that some need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from srcore.metrics.requested import check_metrics, label_of_metrics
from srcore.metrics.table import OPTIONAL_METRICS, Measure, function_of
from srcore.params.schema import Evaluate


@dataclass(frozen=True)
class OptionalMetrics:
    """Metrics beside those that are always measured.

    Attributes:
        measures: name of a metric of `OPTIONAL_METRICS` → its function.
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


NONE = OptionalMetrics()


def load_optional_metrics(requested: Evaluate, device: torch.device) -> OptionalMetrics:
    """The metrics that are asked for.

    Args:
        requested: which, and the weights of VGG16.
        device: where networks compute.

    Raises:
        StudyError: one is not known or lacks what it needs, or the weights cannot be used.
    """
    check_metrics(requested)
    label, measures = label_of_metrics(requested), dict[str, Measure]()
    weights = [_tensors(requested.vgg16), device] if label else []
    for name in requested.metrics:
        metric = OPTIONAL_METRICS[name]
        function = function_of(metric)
        measures[name] = function(*weights) if metric.needs_vgg16 else function
    return OptionalMetrics(measures, label)


def _tensors(weights: str) -> dict[str, Tensor]:
    from srcore.metrics.vgg16 import tensors_of  # noqa: PLC0415  # torchvision, for these only

    return tensors_of(weights)
