"""Choose the images that are held out."""

from pathlib import Path

from srcore.common.stage import main
from srcore.data.dataset import Pyramids
from srcore.data.split import write_split
from srcore.params import load_params


def run() -> None:
    split = load_params().split
    pyramids = Pyramids.open(Path("data/pyramids"))
    write_split(Path("data/split"), pyramids.names, pyramids.groups, split.validation, split.seed)


if __name__ == "__main__":
    main(run)
