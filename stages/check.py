"""Check all of params.yaml before any work begins; the output is constant, so nothing re-runs."""

from pathlib import Path

from srcore.common import paths
from srcore.common.device import pick_device
from srcore.common.files import write_json
from srcore.common.stage import main
from srcore.data.sources.trackable import check_trackable
from srcore.metrics.asked import check_asked
from srcore.params import load_params
from srcore.params.base import NOTHING


def run() -> None:
    params = load_params()
    if params.device in ("cuda", "mps"):
        pick_device(params.device)
    if params.data.source == "folder":
        check_trackable("data.folder.path", Path(params.data.folder.path))
    if params.benchmark.folder != NOTHING:
        check_trackable("benchmark.folder", Path(params.benchmark.folder))
    check_asked(params.evaluate)
    write_json(paths.CHECKED, {"params.yaml": "valid"})


if __name__ == "__main__":
    main(run)
