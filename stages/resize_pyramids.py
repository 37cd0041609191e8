"""Resize every raw image to the three sizes of the study."""

from srcore.common import paths
from srcore.common.stage import main
from srcore.data.pyramids import build_pyramids
from srcore.params import load_params


def run() -> None:
    params = load_params()
    build_pyramids(paths.RAW, paths.PYRAMIDS, params.pyramid.sizes, params.threads)


if __name__ == "__main__":
    main(run)
