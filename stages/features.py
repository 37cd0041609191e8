"""Compute one kind of frozen features of every low-resolution image: `features vgg`."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.stage import argument, main
from srcore.data.dataset import Pyramids
from srcore.features.extractor import KINDS, load_extractor
from srcore.features.store import store_features
from srcore.params import load_params


def run() -> None:
    kind, params = argument(KINDS), load_params()
    device = prepare(params.device, params.threads)
    extractor = load_extractor(kind, getattr(params.frozen, kind), device)
    images = Pyramids.open(paths.PYRAMIDS).low
    store_features(extractor, images, paths.FEATURES / kind, device)


if __name__ == "__main__":
    main(run)
