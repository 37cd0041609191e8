"""Put the runs of the experiment on the ideas on record: their PSNR on every held-out image."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import fresh_folder
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.features.extractor import KINDS, load_extractor
from srcore.ideas.experiments import requested_experiments
from srcore.ideas.record import record
from srcore.inference.linear import load_linear
from srcore.params import load_params


def run() -> None:
    params = load_params()
    device = prepare("cpu", params.threads)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    held_out = read_split(paths.SPLIT, pyramids.names).validation
    extractors = {kind: load_extractor(kind, "random", device) for kind in KINDS}
    arguments = paths.MODELS / "ideas", pyramids, held_out, requested_experiments(params)
    found = record(*arguments, extractors=extractors, linear=load_linear(paths.LINEAR))
    with fresh_folder(paths.DATA / "ideas") as out:
        found.write(out)


if __name__ == "__main__":
    main(run)
