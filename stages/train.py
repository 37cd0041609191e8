"""Train one model, once for each seed: `train vgg`."""

from functools import partial
from pathlib import Path

from srcore.data.packed import Pyramids, read_split
from srcore.device import prepare
from srcore.files import fresh_folder
from srcore.frozen.stored import Features
from srcore.models import MODELS, model_class
from srcore.params import load_params
from srcore.recipe import recipe_for
from srcore.resume import only_process
from srcore.stage import argument, main
from srcore.train import train_model
from srcore.trainer import first_only, launch, one_voice


def run() -> None:
    name, params = argument(MODELS), load_params()
    device = prepare(params.device, params.threads)
    pyramids = Pyramids.open(Path("data/pyramids"))
    split = read_split(Path("data/split/split.json"), pyramids.names)
    model = model_class(name)
    features = Features.open(Path("data/features") / model.frozen) if model.frozen else None
    recipe = recipe_for(model, params)
    trainer = params.trainer
    with one_voice(trainer), first_only(trainer, only_process(name)) as states:
        with first_only(trainer, fresh_folder(Path("data/models") / name)) as out:
            fabric = launch(device, trainer)
            one = partial(train_model, name, pyramids, features, split, recipe, fabric=fabric)
            trained = [one(seed=seed, out=out, states=states) for seed in params.seeds]
        for state in filter(None, trained):
            state.forget()


if __name__ == "__main__":
    main(run)
