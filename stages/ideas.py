"""Tell what each idea is worth, by table and drawing."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import fresh_folder
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.features.extractor import KINDS, load_extractor
from srcore.ideas.experiments import asked
from srcore.ideas.judge import judge
from srcore.params import load_params
from srcore.reporting.forest import draw_curves, draw_ideas


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    _, held_out = read_split(paths.SPLIT, pyramids.names)
    extractors = {k: load_extractor(k, getattr(params.frozen, k), device) for k in KINDS}
    folder = paths.MODELS / "ideas"
    judged = judge(folder, pyramids, held_out, asked(params), extractors)
    with fresh_folder(paths.DATA / "ideas") as out:
        judged.write(out)
        draw_ideas(judged, out / "ideas.png")
        draw_curves(judged, out / "ideas_curves.png")


if __name__ == "__main__":
    main(run)
