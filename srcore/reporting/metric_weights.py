"""What a page says of the metrics that compare what VGG16 sees."""

from srcore.metrics.requested import deep_metrics, label_of_metrics
from srcore.metrics.table import OPTIONAL_METRICS
from srcore.params.schema import Evaluate


def metric_weights(requested: Evaluate) -> dict[str, str]:
    """The titles of those metrics and the label of VGG16's weights; empty without such a metric."""
    titles = " and ".join(OPTIONAL_METRICS[name].title for name in deep_metrics(requested))
    return {titles: f"VGG16 with {label_of_metrics(requested)}"} if titles else {}
