"""Check all of params.yaml before any work begins; the output is constant, so nothing re-runs."""

from srcore.common import paths
from srcore.common.device import pick_device
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.params import load_params


def run() -> None:
    params = load_params()
    if params.device in ("cuda", "mps"):
        pick_device(params.device)
    write_json(paths.CHECKED, {"params.yaml": "valid"})


if __name__ == "__main__":
    main(run)
