"""Time and memory of the stages on many images, up to `evaluate`: `make scale`.

Made-up images of VOC2007's size, packed as its archive is, go through the real stages under DVC
in a clone of the last commit, as the report trains: one epoch, 16 images per step. Memory is what
cannot be dropped: the anonymous pages (RssAnon) of a stage's processes, added up, five times a
second; memory-mapped images and features are not among it. Takes disk: about 1.5 MB an image.
"""

import argparse
import io
import math
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.made_up import photograph
from srcore.common.tables import write_table
from srcore.models.registry import SETS

ROOT = Path(__file__).parents[1]
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
"""DVC and the stages are those of the environment that runs this."""
EVERY = 0.2
"""Seconds between two looks at the memory."""

DATA = ("check", "download", "resize_pyramids", "split", "describe_data")
FEATURES = ("features_vgg", "features_clip")
COMPUTE = ("features_", "train_")
SETTINGS = {
    "data.source": "voc2007",
    "train.epochs": 1,
    "train.batch_size": 16,
}


def pack(count: int, size: tuple[int, int], path: Path) -> None:
    """Write an archive of `count` images with the layout of VOC2007's."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            data = photograph(rng, *size)
            member = tarfile.TarInfo(f"VOCdevkit/VOC2007/JPEGImages/{number:06d}.jpg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def cloned(folder: Path) -> Path:
    """A clone of the last commit."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)  # noqa: S603, S607
    return folder


def configure(clone: Path, archive: Path, held_out: int, model: str) -> None:
    path = clone / "params.yaml"
    params = yaml.safe_load(path.read_text())
    settings = SETTINGS | {
        "data.voc2007.archive": str(archive),
        "split.validation": held_out,
        "model": model,
    }
    for key, value in settings.items():
        *groups, last = key.split(".")
        place = params
        for group in groups:
            place = place[group]
        place[last] = value
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def tree(process: int) -> list[int]:
    """The processes below a process."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *tree(child)]
    except OSError:  # it has just ended
        pass
    return found


def anonymous(process: int) -> int:
    """Bytes of a process's anonymous memory that are in RAM."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def watch(clone: Path, stage: str, limit: float) -> dict[str, object]:
    """Run one stage by DVC; give its seconds, and the most memory it and DVC had in MB.

    What computes is stopped, as by Ctrl-C, after `limit` seconds.
    """
    where = "" if stage in (*DATA, "evaluate") else "stages/dvc.yaml:"
    since, most, dvc_most, stopped = time.monotonic(), 0, 0, False
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(  # noqa: S603
            ["dvc", "repro", "--single-item", f"{where}{stage}"],  # noqa: S607
            cwd=clone,
            env=os.environ | {"DVC_NO_ANALYTICS": "1", "PATH": PATH},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while running.poll() is None:
            dvc_most = max(dvc_most, anonymous(running.pid))
            most = max(most, sum(map(anonymous, tree(running.pid))))
            time.sleep(EVERY)
            if stage.startswith(COMPUTE) and time.monotonic() - since > limit:
                stopped = True
                os.killpg(running.pid, signal.SIGINT)
                running.wait()
        if running.returncode and not stopped:
            said.seek(0)
            sys.exit(f"{stage}:\n{said.read()}")
    seconds = round(time.monotonic() - since, 1)
    how = "stopped" if stopped else "whole"
    return {
        "stage": stage,
        "ran": how,
        "seconds": seconds,
        "MB": most >> 20,
        "dvc_MB": dvc_most >> 20,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("images", type=int, nargs="+", help="how many; each number is a study")
    parser.add_argument("--models", default="all", help="all, none, or names with commas between")
    parser.add_argument("--folder", type=Path, help="where to work, instead of a temporary folder")
    parser.add_argument("--size", type=int, nargs=2, default=(500, 375), help="width, height")
    parser.add_argument("--limit", type=float, default=math.inf, help="seconds of a computation")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/scale.csv", help="the table")
    given = parser.parse_args()
    # A shell makes commands in the background ignore Ctrl-C, and so would those that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    models = {"all": SETS["all"], "none": ()}.get(given.models, tuple(given.models.split(",")))
    stages = [*DATA]
    stages += [name for name in FEATURES if name.removeprefix("features_") in models]
    stages += [f"train_{name}" for name in models]
    if given.limit == math.inf:  # else there is nothing to judge
        stages += ["train_all"] if given.models == "all" else []
        stages += ["evaluate"] if given.models == "all" or len(models) == 1 else []
    lines: list[dict[str, object]] = []
    for count in given.images:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            archive = Path(folder) / "images.tar"
            pack(count, tuple(given.size), archive)
            clone = cloned(Path(folder) / "clone")
            model = models[0] if len(models) == 1 else "all"
            configure(clone, archive, max(1, count // 5), model)
            for stage in stages:
                lines.append({"images": count, **watch(clone, stage, given.limit)})
                print(*lines[-1].values(), flush=True)
                write_table(given.out, pd.DataFrame(lines))
    print(pd.DataFrame(lines).to_string(index=False))


if __name__ == "__main__":
    main()
