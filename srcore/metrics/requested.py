"""Whether the metrics that `evaluate.metrics` asks for can be measured; it needs no torch."""

from importlib.util import find_spec

from srcore.common.errors import StudyError
from srcore.common.text import LONGEST_NAME, printable
from srcore.features.labels import label_of
from srcore.metrics.table import OPTIONAL_METRICS
from srcore.params.base import NOTHING
from srcore.params.mistakes import UNDO
from srcore.params.nearest import nearest
from srcore.params.schema import Evaluate


def check_metrics(requested: Evaluate) -> None:
    """See that every metric is known and has what it needs.

    Raises:
        StudyError: a name is not in the table, or weights or torchmetrics are missing.
    """
    for name in requested.metrics:
        if name not in OPTIONAL_METRICS:
            known = [*OPTIONAL_METRICS]
            raise StudyError(
                f"params.yaml: evaluate.metrics = {printable(name, LONGEST_NAME)}: is not one of "
                f"{', '.join(known)}{nearest(name, known)}{UNDO}"
            )
    deep = " and ".join(deep_metrics(requested))
    if deep and requested.vgg16 == NOTHING:
        raise StudyError(
            f"params.yaml: evaluate.vgg16 = {NOTHING}: {deep} need the weights of VGG16 "
            f"(-S evaluate.vgg16=pretrained, or the path of a file){UNDO}"
        )
    if deep and find_spec("torchmetrics") is None:
        raise StudyError(
            f"evaluate.metrics: {deep} need torchmetrics; in the project's folder, "
            'pip install -c constraints.txt -e ".[perceptual]"'
        )


def deep_metrics(requested: Evaluate) -> list[str]:
    """The names among them of those that compare what VGG16 sees."""
    return [name for name in requested.metrics if OPTIONAL_METRICS[name].needs_vgg16]


def label_of_metrics(requested: Evaluate) -> str:
    """The label of VGG16's weights, empty where no metric needs them."""
    return label_of(requested.vgg16) if deep_metrics(requested) else ""
