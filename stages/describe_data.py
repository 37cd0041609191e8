"""Gather the figures of the data stages, and draw a sheet of sample images."""

from srcore.common import paths
from srcore.common.files import write_json
from srcore.common.reading import read_json
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.data.preview import sample_sheet

STAGES = {"download": paths.RAW, "pyramids": paths.PYRAMIDS, "split": paths.SPLIT}


def run() -> None:
    figures = {name: read_json(folder / "metrics.json") for name, folder in STAGES.items()}
    pyramids = Pyramids.open(paths.PYRAMIDS)
    train, validation = read_split(paths.SPLIT, pyramids.names)
    sample_sheet(pyramids, train, validation, paths.SAMPLES)
    write_json(paths.DATASET, figures)


if __name__ == "__main__":
    main(run)
