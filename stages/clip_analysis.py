"""Ask CLIP what is in the held-out images, and whether it survives super-resolution."""

from pathlib import Path

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.evaluation.clip.analyse import analyse
from srcore.features.clip import load_clip
from srcore.inference.linear import load_linear
from srcore.inference.network import assemble
from srcore.models.checkpoint import load_set
from srcore.params import load_params


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    checkpoints = load_set(paths.MODELS / params.model)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    split = read_split(paths.SPLIT, pyramids.names)
    clip = load_clip(params.frozen.clip, device)
    frozen = {"clip": clip.extractor()}  # CLIP is loaded once, for the networks as well
    networks = assemble(checkpoints, params.frozen.model_dump(), device, frozen)
    analyse(
        networks,
        load_linear(paths.LINEAR),
        pyramids,
        split,
        clip,
        settings=params.clip_analysis,
        out=Path(),
    )


if __name__ == "__main__":
    main(run)
