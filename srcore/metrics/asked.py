"""Whether the metrics that `evaluate.metrics` asks for can be measured; it needs no torch."""

from importlib.util import find_spec

from srcore.common.errors import StudyError
from srcore.common.text import LONGEST_NAME, printable
from srcore.features.labels import label_of
from srcore.metrics.table import FURTHER
from srcore.params.base import NOTHING
from srcore.params.mistakes import UNDO
from srcore.params.nearest import nearest
from srcore.params.schema import Evaluate


def check_asked(asked: Evaluate) -> None:
    """See that every metric is known and has what it needs.

    Raises:
        StudyError: a name is not in the table, or weights or torchmetrics are missing.
    """
    for name in asked.metrics:
        if name not in FURTHER:
            known = [*FURTHER]
            raise StudyError(
                f"params.yaml: evaluate.metrics = {printable(name, LONGEST_NAME)}: is not one of "
                f"{', '.join(known)}{nearest(name, known)}{UNDO}"
            )
    deep = " and ".join(deep_metrics(asked))
    if deep and asked.vgg16 == NOTHING:
        raise StudyError(
            f"params.yaml: evaluate.vgg16 = {NOTHING}: {deep} need the weights of VGG16 "
            f"(-S evaluate.vgg16=pretrained, or the path of a file){UNDO}"
        )
    if deep and find_spec("torchmetrics") is None:
        raise StudyError(
            f"evaluate.metrics: {deep} need torchmetrics; in the project's folder, "
            'pip install -c constraints.txt -e ".[perceptual]"'
        )


def deep_metrics(asked: Evaluate) -> list[str]:
    """The names among them of those that compare what VGG16 sees."""
    return [name for name in asked.metrics if FURTHER[name].needs_vgg16]


def label_of_metrics(asked: Evaluate) -> str:
    """The label of VGG16's weights, empty where no metric needs them."""
    return label_of(asked.vgg16) if deep_metrics(asked) else ""
