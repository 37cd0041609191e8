"""What a page says of the metrics that compare what VGG16 sees."""

from srcore.metrics.asked import deep_metrics, label_of_metrics
from srcore.metrics.table import FURTHER
from srcore.params.schema import Evaluate


def metric_weights(asked: Evaluate) -> dict[str, str]:
    """The titles of those metrics and the label of VGG16's weights; empty without such a metric."""
    titles = " and ".join(FURTHER[name].title for name in deep_metrics(asked))
    return {titles: f"VGG16 with {label_of_metrics(asked)}"} if titles else {}
