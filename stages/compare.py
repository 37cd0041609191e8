"""Show what every network makes of a few held-out images."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.evaluation.examples import choose, compare, write_comparison
from srcore.inference.linear import load_linear
from srcore.inference.network import assemble
from srcore.models.checkpoint import load_set
from srcore.models.scales import OUTPUTS
from srcore.params import load_params
from srcore.reporting.sheets import draw_errors, draw_outputs


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    split, settings = read_split(paths.SPLIT, pyramids.names), params.compare
    chosen = choose(pyramids, split.evaluated, settings.images, settings.names, settings.seed)
    checkpoints = load_set(paths.MODELS / params.model)
    networks = assemble(checkpoints, params.frozen.model_dump(), device)
    comparisons = compare(networks, load_linear(paths.LINEAR), pyramids, chosen, device)
    write_comparison(comparisons, paths.COMPARE)
    for output in OUTPUTS:
        draw_outputs(comparisons, output, paths.PLOTS / f"compare.{output}.png", split.part)
        draw_errors(comparisons, output, paths.PLOTS / f"errors.{output}.png", split.part)


if __name__ == "__main__":
    main(run)
