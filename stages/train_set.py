"""Gather the trained networks of a model set into one folder: `train_set all`."""

from srcore.common import paths
from srcore.common.stage import argument, main
from srcore.evaluation.model_sets import gather_set
from srcore.models.registry import SETS


def run() -> None:
    name, models = argument(SETS), paths.MODELS
    gather_set([models / member for member in SETS[name]], models / name)


if __name__ == "__main__":
    main(run)
