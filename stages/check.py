"""Check all of params.yaml before any work begins; the output is constant, so nothing re-runs."""

from pathlib import Path

from srcore.common import paths
from srcore.common.device import pick_device
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.data.sources.trackable import check_trackable
from srcore.inference.checkpoint_files import find_checkpoints
from srcore.metrics.requested import check_metrics
from srcore.models.registry import SETS, model_class
from srcore.params import load_params
from srcore.params.base import NOTHING
from srcore.training.machines import check_machines
from srcore.training.recipe import recipe_for


def run() -> None:
    params = load_params()
    for key, place in {
        "data.folder.path": params.data.folder.path,
        "data.voc2007.archive": params.data.voc2007.archive,
        "benchmark.folder": params.benchmark.folder,
        "benchmark.checkpoints": params.benchmark.checkpoints,
    }.items():
        if place != NOTHING:
            check_trackable(key, Path(place))
    if params.benchmark.checkpoints != NOTHING:
        find_checkpoints(Path(params.benchmark.checkpoints), pickles=params.benchmark.pickles)
    for name in SETS.get(params.model, (params.model,)):
        recipe_for(model_class(name), params)
    check_machines(pick_device(params.device), params.trainer)
    check_metrics(params.evaluate)
    write_json(paths.CHECKED, {"params.yaml": "valid"})


if __name__ == "__main__":
    main(run)
