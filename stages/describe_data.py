"""Gather the figures of the data stages, and draw a sheet of sample images."""

from srcore.common import paths
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.data.dataset import Pyramids, read_split
from srcore.data.figures import data_figures
from srcore.data.preview import sample_sheet


def run() -> None:
    figures, sizes = data_figures(paths.RAW, paths.SPLIT)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    sample_sheet(pyramids, read_split(paths.SPLIT, pyramids.names), paths.SAMPLES)
    write_json(paths.DATASET, figures)
    write_table(paths.DATASET_TABLE, sizes)


if __name__ == "__main__":
    main(run)
