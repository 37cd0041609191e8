"""Choose the pictures that are held out."""

from pathlib import Path

from srcore.data.packed import Pyramids
from srcore.data.split import write_split
from srcore.params import load_params
from srcore.stage import main


def run() -> None:
    split = load_params().split
    pyramids = Pyramids.open(Path("data/pyramids"))
    write_split(Path("data/split"), pyramids.names, pyramids.groups, split.validation, split.seed)


if __name__ == "__main__":
    main(run)
