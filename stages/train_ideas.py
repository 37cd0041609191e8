"""Train the networks that tell what each idea is worth; several processes share the work."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.stage import main
from srcore.data.dataset import Pyramids, read_split
from srcore.ideas.data import load_data
from srcore.ideas.experiments import requested_experiments
from srcore.ideas.files import publish
from srcore.ideas.trainings import train_ideas
from srcore.params import load_params
from srcore.training import resume
from srcore.training.precision import pick_precision


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    pyramids = Pyramids.open(paths.PYRAMIDS)
    parts = read_split(paths.SPLIT, pyramids.names)
    data = load_data(pyramids, (parts.train, parts.validation), paths.FEATURES, device)
    # One for all: networks of two precisions are not compared.
    precision = pick_precision(params.trainer.precision, device)
    runs, out = resume.FOLDER / "ideas", paths.MODELS / "ideas"
    keys = train_ideas(requested_experiments(params), data, runs, precision, published=out)
    publish(keys, runs, out)


if __name__ == "__main__":
    main(run)
