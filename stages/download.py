"""Gather the raw images of the source that params.yaml names."""

from srcore.common import paths
from srcore.common.stage import main
from srcore.data.ingest import download
from srcore.params import load_params


def run() -> None:
    download(load_params(), paths.RAW)


if __name__ == "__main__":
    main(run)
