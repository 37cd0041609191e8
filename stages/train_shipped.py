"""Train the network that the package ships, on crops of the originals."""

from srcore.common import paths
from srcore.common.device import prepare
from srcore.common.files import fresh_folder
from srcore.common.stage import main
from srcore.params import load_params
from srcore.shipping.loop import train_shipped
from srcore.shipping.originals import Originals
from srcore.training.precision import pick_precision
from srcore.training.resume import training_lock


def run() -> None:
    params = load_params()
    device = prepare(params.device, params.threads)
    originals = Originals.open(paths.ORIGINALS)
    bfloat16 = pick_precision(params.trainer.precision, device) == "bf16-mixed"
    with training_lock("shipped") as states, fresh_folder(paths.SHIPPED) as out:
        state = train_shipped(
            originals, params.shipped, device=device, bfloat16=bfloat16, out=out, states=states
        )
    state.forget()


if __name__ == "__main__":
    main(run)
