"""Judge the model set on the held-out images, and put its training curves beside the report's."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.data.dataset import Pyramids, read_split
from srcore.evaluation.held_out import judge_images, quality_and_cost, summarise
from srcore.evaluation.model_sets import beside_report, final_metrics, histories
from srcore.inference.linear import load_linear
from srcore.inference.network import assemble
from srcore.models.checkpoint import load_set
from srcore.params import load_params


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    models = paths.MODELS / params.model
    networks = assemble(load_set(models), params.frozen.model_dump(), device)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    judged = read_split(paths.SPLIT, pyramids.names).judged
    table = judge_images(networks, load_linear(paths.LINEAR), pyramids, judged, device)
    summary = summarise(table, networks, params.pyramid.sizes[0])
    weights = {network.card.model: network.card.weights or "" for network in networks}
    curves = beside_report(histories(models), paths.REPORT_LOSSES, weights)
    trained = final_metrics(models)
    write_json(paths.EVALUATION, summary)
    write_table(paths.IMAGE_TABLE, table)
    write_table(paths.COST_TABLE, quality_and_cost(summary))
    write_json(paths.TRAINING, trained)
    write_table(paths.TRAINING_TABLE, curves)


if __name__ == "__main__":
    main(run)
