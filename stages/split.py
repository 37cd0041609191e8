"""Choose the images that are held out, for validation and for the test."""

from srcore.common import paths
from srcore.common.stage import main
from srcore.data.dataset import Pyramids
from srcore.data.split import write_split
from srcore.params import load_params


def run() -> None:
    settings = load_params().split
    of = Pyramids.open(paths.PYRAMIDS)
    write_split(
        paths.SPLIT, of.names, of.groups, settings.validation, settings.seed, test=settings.test
    )


if __name__ == "__main__":
    main(run)
