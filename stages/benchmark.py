"""Evaluate networks on folders of high-resolution images, by the usual protocol of papers."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import atomic, write_json
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.evaluation.benchmark import by_data_set, evaluate_benchmarks, find_images, headline
from srcore.evaluation.contestants import contestants
from srcore.evaluation.published import with_published
from srcore.inference.linear import load_linear
from srcore.inference.network import assemble
from srcore.metrics.seeds import mean_over_seeds
from srcore.models.checkpoint import load_set
from srcore.params import load_params
from srcore.reporting.benchmark import render


def run() -> None:
    params = load_params()
    images = find_images(params.benchmark.folder, params.data.max_pixels, params.evaluate)
    device = prepare(params.device, params.threads)
    checkpoints = load_set(paths.MODELS / params.model)
    model_set = assemble(checkpoints, params.frozen.model_dump(), device)
    networks = contestants(model_set, params.benchmark, device)
    arguments = networks, load_linear(paths.LINEAR), images, params.data.max_pixels, device
    table = evaluate_benchmarks(*arguments, extra=params.evaluate)
    means = by_data_set(table)
    rows = with_published(means, networks, paths.PUBLISHED)
    write_json(paths.BENCHMARK, headline(means))
    write_table(paths.BENCHMARK_TABLE, rows)
    write_table(paths.BENCHMARK_IMAGE_TABLE, mean_over_seeds(table))
    with atomic(paths.BENCHMARK_PAGE) as partial:
        partial.write_text(render(rows, params.evaluate), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(run)
