"""Train one model, once for each seed: `train vgg`."""

from functools import partial

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import fresh_folder
from srcore.common.stage import argument, main
from srcore.data.dataset import Features, Pyramids, read_split
from srcore.models.registry import MODELS, model_class
from srcore.params import load_params
from srcore.training.distributed import data_digest, launch, rank_zero_errors, rank_zero_only
from srcore.training.loop import train_model
from srcore.training.machines import check_machines
from srcore.training.recipe import recipe_for
from srcore.training.resume import training_lock


def run() -> None:
    name, params = argument(MODELS), load_params()
    device = prepare(params.device, params.threads)
    check_machines(device, params.trainer)  # other machines run no stage `check`
    pyramids = Pyramids.open(paths.PYRAMIDS)
    parts = read_split(paths.SPLIT, pyramids.names)
    model = model_class(name)
    features = Features.open(paths.FEATURES / model.frozen) if model.frozen else None
    given = name, pyramids, features, (parts.train, parts.validation)
    recipe, trainer = recipe_for(model, params), params.trainer
    with rank_zero_errors(trainer), rank_zero_only(trainer, training_lock(name)) as states:
        with rank_zero_only(trainer, fresh_folder(paths.MODELS / name)) as out:
            fabric = launch(device, trainer, bfloat16=model.auto_bfloat16)
            data = data_digest(*given, fabric)
            one = partial(train_model, *given, recipe, fabric=fabric, data=data)
            trained = [one(seed=seed, out=out, states=states) for seed in params.seeds]
        for state in filter(None, trained):
            state.forget()


if __name__ == "__main__":
    main(run)
