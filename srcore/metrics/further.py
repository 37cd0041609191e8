"""The metrics that are measured only when they are asked for, with the networks that some need."""

from importlib.util import find_spec

from srcore.common.errors import StudyError
from srcore.metrics.table import FURTHER, Measure, function_of
from srcore.params.schema import Evaluate


def further(asked: Evaluate) -> dict[str, Measure]:
    """The metrics of `FURTHER` that are asked for.

    Returns:
        Name → its function of (output, target), both (N, 3, H, W) in [0, 1].

    Raises:
        StudyError: torchmetrics is not installed, or the weights cannot be used.
    """
    deep = [name for name in asked.metrics if FURTHER[name].network]
    if deep and find_spec("torchmetrics") is None:
        raise StudyError(
            f"evaluate.metrics: {' and '.join(deep)} need torchmetrics; in the project's folder, "
            'pip install -c constraints.txt -e ".[perceptual]"'
        )
    found: dict[str, Measure] = {name: function_of(FURTHER[name]) for name in asked.metrics}
    if deep:
        from srcore.metrics.vgg16 import tensors_of  # noqa: PLC0415  # only for these

        tensors = tensors_of(asked.vgg16)
        found |= {name: function_of(FURTHER[name])(tensors) for name in deep}
    return found
