"""Judge the model set on the held-out images, and put its training curves beside the report's."""

from pathlib import Path

from srcore.common.device import prepare
from srcore.common.files import write_csv, write_json
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.evaluation.held_out import judge_images, quality_and_cost, summarise
from srcore.evaluation.model_sets import beside_report, final_metrics, histories
from srcore.inference.network import assemble
from srcore.metrics.seeds import mean_over_seeds
from srcore.models.checkpoint import load_set
from srcore.params import load_params


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    models = Path("data/models") / params.model
    networks = assemble(load_set(models), params.frozen.model_dump(), device)
    pyramids = Pyramids.open(Path("data/pyramids"))
    _, held_out = read_split(Path("data/split/split.json"), pyramids.names)
    table = judge_images(networks, pyramids, held_out, device)
    summary = summarise(table, networks, params.evaluate.resamples, params.pyramid.sizes[0])
    weights = {network.card.model: network.card.weights or "" for network in networks}
    curves = beside_report(histories(models), Path("data/report_losses.csv"), weights)
    trained = final_metrics(models)
    write_json(Path("metrics/evaluate.json"), summary)
    write_csv(Path("plots/images.csv"), mean_over_seeds(table))
    write_csv(Path("plots/cost.csv"), quality_and_cost(summary))
    write_json(Path("metrics/train.json"), trained)
    write_csv(Path("plots/training.csv"), curves)


if __name__ == "__main__":
    main(run)
