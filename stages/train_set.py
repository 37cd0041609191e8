"""Gather the trained networks of a model set into one folder: `train_set all`."""

from pathlib import Path

from srcore.gather import gather_set
from srcore.models import SETS
from srcore.stage import argument, main


def run() -> None:
    name, models = argument(SETS), Path("data/models")
    gather_set([models / member for member in SETS[name]], models / name)


if __name__ == "__main__":
    main(run)
