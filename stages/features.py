"""Compute one kind of frozen features of every low-resolution picture: `features vgg`."""

from pathlib import Path

from srcore.data.packed import Pyramids
from srcore.device import prepare
from srcore.frozen.extractor import KINDS, load_extractor
from srcore.frozen.features import store_features
from srcore.params import load_params
from srcore.stage import argument, main


def run() -> None:
    kind, params = argument(KINDS), load_params()
    device = prepare(params.device, params.threads)
    extractor = load_extractor(kind, getattr(params.frozen, kind), device)
    pictures = Pyramids.open(Path("data/pyramids")).low
    store_features(extractor, pictures, Path("data/features") / kind, device)


if __name__ == "__main__":
    main(run)
