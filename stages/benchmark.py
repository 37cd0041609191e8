"""Judge the model set on folders of high-resolution pictures, by the field's protocol."""

from pathlib import Path

from srcore.benchmark import find_pictures, judge_benchmarks, summarise
from srcore.checkpoint import load_set
from srcore.device import prepare
from srcore.files import write_csv, write_json
from srcore.inference import assemble
from srcore.params import load_params
from srcore.seeds import mean_over_seeds
from srcore.stage import main


def run() -> None:
    params = load_params()
    pictures = find_pictures(params.benchmark.folder, params.data.max_pixels)
    device = prepare(params.device, params.threads)
    checkpoints = load_set(Path("data/models") / params.model)
    networks = assemble(checkpoints, params.frozen.model_dump(), device)
    table = judge_benchmarks(networks, pictures, params.data.max_pixels, device)
    write_json(Path("metrics/benchmark.json"), summarise(table))
    write_csv(Path("plots/benchmark.csv"), mean_over_seeds(table))


if __name__ == "__main__":
    main(run)
