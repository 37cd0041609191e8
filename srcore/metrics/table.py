"""The tables of metrics. They import a metric's file only when an image is judged.

Adding a metric: one file in this folder, one line here. Whatever judges images and whatever shows
figures takes all of `METRICS`; those of `OPTIONAL_METRICS` are measured if somebody asks for them.
Pages and reviews read the tables without torch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Measure = Callable[["Tensor", "Tensor"], "Tensor"]
"""(output, target) → (N,), both (N, C, H, W) in [0, 1]."""

HEADLINE = "psnr"
"""The metric whose difference to bicubic interpolation is the gain that methods are ranked by."""


@dataclass(frozen=True)
class Metric:
    """One figure an image.

    Attributes:
        function: module:name of its function, (output, target) → (N,), both (N, C, H, W) in [0, 1].
        title: what stands over a column and beside a figure.
        unit: dB or the like; empty without.
        digits: decimals that are shown.
        higher_is_better: its direction.
        needs_vgg16: whether `function` takes VGG16's tensors and a device, and gives that function.
    """

    function: str
    title: str
    unit: str
    digits: int
    higher_is_better: bool
    needs_vgg16: bool = False

    @property
    def heading(self) -> str:
        """The title with the unit, for a column: "PSNR, dB"."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def shown(self, value: float) -> str:
        """A figure as it is shown where the heading stands over it: "27.49"."""
        return f"{value:.{self.digits}f}"

    def text(self, value: float) -> str:
        """A figure that stands alone: "PSNR 27.49 dB"."""
        return f"{self.title} {self.shown(value)}{f' {self.unit}' if self.unit else ''}"


METRICS: dict[str, Metric] = {
    "psnr": Metric("srcore.metrics.psnr:psnr", "PSNR", "dB", 2, higher_is_better=True),
    "ssim": Metric("srcore.metrics.ssim:ssim", "SSIM", "", 4, higher_is_better=True),
}
"""Name of a metric, which is also its column in the tables → the metric, the headline first."""


OPTIONAL_METRICS: dict[str, Metric] = {
    "psnr_y": Metric("srcore.metrics.psnr_y:psnr_y", "luma PSNR", "dB", 2, higher_is_better=True),
    "lpips": Metric(
        "srcore.metrics.lpips:load", "LPIPS", "", 4, higher_is_better=False, needs_vgg16=True
    ),
    "dists": Metric(
        "srcore.metrics.dists:load", "DISTS", "", 4, higher_is_better=False, needs_vgg16=True
    ),
}
"""Metrics that are measured only when `evaluate.metrics` names them: columns of the tables of
`evaluate` and `benchmark`, and of their pages, where they were measured."""

METRIC_WEIGHTS = "metric_weights"
"""Column of a table with such metrics: the label of the weights of VGG16 that they depend on."""


def measured(columns: Iterable[str]) -> dict[str, Metric]:
    """The metrics of a table: all of `METRICS`, and those of `OPTIONAL_METRICS` in its columns."""
    return METRICS | {name: OPTIONAL_METRICS[name] for name in columns if name in OPTIONAL_METRICS}


def measure(output: "Tensor", target: "Tensor") -> "dict[str, Tensor]":
    """Every metric of each image.

    Args:
        output: (N, C, H, W) in [0, 1].
        target: (N, C, H, W) in [0, 1].

    Returns:
        Name of a metric → (N,), in the order of the table.
    """
    return {name: function_of(metric)(output, target) for name, metric in METRICS.items()}


@cache
def function_of(metric: Metric) -> Callable[..., Any]:
    """What `Metric.function` names."""
    return resolve_name(metric.function)
