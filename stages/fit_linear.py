"""Fit the linear filter on the training images."""

from srcore.common import paths
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.evaluation.least_squares import fit_linear


def run() -> None:
    pyramids = Pyramids.open(paths.PYRAMIDS)
    split = read_split(paths.SPLIT, pyramids.names)
    fit_linear(pyramids, split.train).save(paths.LINEAR)


if __name__ == "__main__":
    main(run)
