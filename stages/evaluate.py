"""Evaluate the model set on the held-out images, with its training beside the original study's."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.data.dataset import Pyramids, read_split
from srcore.evaluation.beside_report import bicubic_losses, differences, training_curves
from srcore.evaluation.held_out import evaluate_images
from srcore.evaluation.methods import by_checkpoint, by_method, headline
from srcore.evaluation.model_sets import final_losses, histories
from srcore.inference.linear import load_linear
from srcore.inference.network import assemble, ensembles
from srcore.models.checkpoint import load_set
from srcore.params import load_params


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    models, side = paths.MODELS / params.model, params.pyramid.sizes[0]
    networks = assemble(load_set(models), params.frozen.model_dump(), device)
    pyramids, linear = Pyramids.open(paths.PYRAMIDS), load_linear(paths.LINEAR)
    split, history = read_split(paths.SPLIT, pyramids.names), histories(models)
    curves = training_curves(history, paths.REPORT_LOSSES, [network.card for network in networks])
    shown = networks + ensembles(networks) if params.evaluate.ensemble else networks
    table = evaluate_images(shown, linear, pyramids, split.evaluated, device, extra=params.evaluate)
    methods, bicubic = by_method(table, shown, side), bicubic_losses(pyramids, split.train)
    write_json(paths.EVALUATION, headline(methods))
    write_json(paths.TRAINING, final_losses(history))
    write_table(paths.METHOD_TABLE, methods)
    write_table(paths.MODEL_TABLE, by_checkpoint(networks, models, side))
    write_table(paths.IMAGE_TABLE, table)
    write_table(paths.TRAINING_TABLE, curves)
    write_table(paths.BESIDE_REPORT_TABLE, differences(curves, bicubic))


if __name__ == "__main__":
    main(run)
