"""Gather the figures of the data stages, and draw a sheet of sample images."""

import pandas as pd

from srcore.common import paths
from srcore.common.files import read_json, write_json
from srcore.common.stage import main
from srcore.common.tables import write_table
from srcore.data.dataset import Pyramids, read_split
from srcore.data.preview import sample_sheet

SIDES = ("width", "height")


def run() -> None:
    raw, split = (read_json(folder / "metrics.json") for folder in (paths.RAW, paths.SPLIT))
    pyramids = Pyramids.open(paths.PYRAMIDS)
    sample_sheet(pyramids, read_split(paths.SPLIT, pyramids.names), paths.SAMPLES)
    sizes = [{"side": side, **raw.pop(side)} for side in SIDES]
    write_json(paths.DATASET, raw | split)
    write_table(paths.DATASET_TABLE, pd.DataFrame(sizes))


if __name__ == "__main__":
    main(run)
