"""Judge the model set on folders of high-resolution images, by the field's protocol."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.evaluation.benchmark import (
    by_data_set,
    find_images,
    headline,
    judge_benchmarks,
)
from srcore.inference.network import assemble
from srcore.metrics.seeds import mean_over_seeds
from srcore.models.checkpoint import load_set
from srcore.params import load_params


def run() -> None:
    params = load_params()
    images = find_images(params.benchmark.folder, params.data.max_pixels)
    device = prepare(params.device, params.threads)
    checkpoints = load_set(paths.MODELS / params.model)
    networks = assemble(checkpoints, params.frozen.model_dump(), device)
    table = judge_benchmarks(networks, images, params.data.max_pixels, device)
    means = by_data_set(table)
    write_json(paths.BENCHMARK, headline(means))
    write_table(paths.BENCHMARK_TABLE, means)
    write_table(paths.BENCHMARK_IMAGE_TABLE, mean_over_seeds(table))


if __name__ == "__main__":
    main(run)
