"""Resize every raw picture to the three sizes of the study."""

from pathlib import Path

from srcore.data.pyramids import build_pyramids
from srcore.params import load_params
from srcore.stage import main


def run() -> None:
    params = load_params()
    build_pyramids(Path("data/raw"), Path("data/pyramids"), params.pyramid.sizes, params.threads)


if __name__ == "__main__":
    main(run)
