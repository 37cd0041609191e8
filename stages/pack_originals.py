"""Pack the training images at their own resolution, for the network that ships."""

from srcore.common import paths
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.params import load_params
from srcore.shipping.pack import pack_originals


def run() -> None:
    params = load_params()
    names = Pyramids.open(paths.PYRAMIDS).names
    train = read_split(paths.SPLIT, names).train
    pack_originals(paths.RAW, train, params.shipped.factors, paths.ORIGINALS, params.threads)


if __name__ == "__main__":
    main(run)
