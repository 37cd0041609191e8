"""Gather the raw pictures of the source that params.yaml names."""

from pathlib import Path

from srcore.data.download import download
from srcore.params import load_params
from srcore.stage import main


def run() -> None:
    download(load_params(), Path("data/raw"))


if __name__ == "__main__":
    main(run)
