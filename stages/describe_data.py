"""Gather the figures of the data stages, and draw a sheet of sample images."""

from pathlib import Path

from srcore.common.files import read_json, write_json
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.data.preview import sample_sheet

STAGES = {"download": "raw", "pyramids": "pyramids", "split": "split"}


def run() -> None:
    data = Path("data")
    figures = {name: read_json(data / place / "metrics.json") for name, place in STAGES.items()}
    pyramids = Pyramids.open(data / "pyramids")
    train, validation = read_split(data / "split" / "split.json", pyramids.names)
    sample_sheet(pyramids, train, validation, Path("plots/samples.png"))
    write_json(Path("metrics/dataset.json"), figures)


if __name__ == "__main__":
    main(run)
