"""Gather the raw images of the source that params.yaml names."""

from pathlib import Path

from srcore.common.stage import main
from srcore.data.ingest import download
from srcore.params import load_params


def run() -> None:
    download(load_params(), Path("data/raw"))


if __name__ == "__main__":
    main(run)
