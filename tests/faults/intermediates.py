"""What one stage left for the next, damaged in between."""

# ruff: noqa: E501  the lines that stages say are whole here

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from faults.fault import Act, Area, Attempt, Fault, Refused, Survived
from faults.project import SIZES, Project
from faults.weights import cut

AGAIN = "and run `dvc repro`"
HISTORY = "data/models/basic/basic.seed0.history.csv"


def halved(name: str) -> Act:
    return lambda project: cut(project / name)


def shortened(name: str, by: int) -> Act:
    """Cut so little that the last number is shorter and still a number."""

    def make(project: Project) -> None:
        whole = (project / name).read_bytes()
        (project / name).write_bytes(whole[:-by])

    return make


def written(name: str, text: str) -> Act:
    return lambda project: (project / name).write_text(text) and None


def no_network(project: Project) -> None:
    path = project / "plots/methods.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",network," not in line))


def gone(name: str) -> Act:
    def make(project: Project) -> None:
        path = project / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return make


def array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Act:
    def make(project: Project) -> None:
        path = project / name
        np.save(path, change(np.load(path)), allow_pickle=True)

    return make


def flipped(project: Project) -> None:
    """One bit of an image's data in the archive of raw images."""
    path = project / "data/raw/images.zip"
    data = bytearray(path.read_bytes())
    data[data.find(b"IDAT") + 500] ^= 1
    path.write_bytes(data)


def other_split(project: Project) -> None:
    path = project / "data/split/split.json"
    split = json.loads(path.read_text())
    split["train"][0] = "another.png"
    path.write_text(json.dumps(split))


def both_sides(project: Project) -> None:
    path = project / "data/split/split.json"
    split = json.loads(path.read_text())
    split["validation"].append(split["train"][0])
    path.write_text(json.dumps(split))


def fewer_features(project: Project) -> None:
    array("data/features/vgg/features.npy", lambda a: a[:-1])(project)


def half_a_state(project: Project) -> None:
    """What a power cut may leave of a training's state."""
    state = project / ".resume/basic/basic.seed0.state"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"PK\x03\x04" + bytes(1000))


def image_of(project: Project) -> Path:
    return min((project / "data/compare").glob("*.mid.bicubic.png"))


def damaged(what: str, command: str, make: Act, line: str, slow: bool = False) -> Fault:
    kind = "made up" if command == "report" else "folder"
    return Fault(what, command, Refused(line), make, kind=kind, slow=slow)


def packed(size: int, line: str) -> str:
    return f"data/pyramids/{size}.npy: {line}; remove data/pyramids {AGAIN}"


RAW: list[Attempt] = [
    damaged(
        "the manifest is missing",
        "resize_pyramids",
        gone("data/raw/manifest.csv"),
        f"data/raw/manifest.csv: missing; remove data/raw {AGAIN}",
    ),
    damaged(
        "the manifest is cut in half",
        "resize_pyramids",
        halved("data/raw/manifest.csv"),
        f"data/raw/manifest.csv: …; remove data/raw {AGAIN}",
    ),
    damaged(
        "the archive of raw images is cut in half",
        "resize_pyramids",
        halved("data/raw/images.zip"),
        f"data/raw: damaged (File is not a zip file); remove data/raw {AGAIN}",
    ),
    damaged(
        "a flipped bit in a raw image",
        "resize_pyramids",
        flipped,
        f"data/raw/images.zip: damaged (Bad CRC-32 for file '000000.png'); remove data/raw {AGAIN}",
    ),
    damaged(
        "no raw images",
        "resize_pyramids",
        gone("data/raw"),
        f"data/raw/manifest.csv: missing; remove data/raw {AGAIN}",
    ),
    damaged(
        "metrics.json of the raw images is cut in half",
        "describe_data",
        halved("data/raw/metrics.json"),
        f"data/raw/metrics.json: damaged; remove it {AGAIN}",
    ),
    damaged(
        "metrics.json of the split is missing",
        "describe_data",
        gone("data/split/metrics.json"),
        "data/split/metrics.json: missing; run `dvc repro`",
    ),
]
PYRAMIDS: list[Attempt] = [
    damaged(
        "a packed array cut in half",
        "split",
        halved("data/pyramids/32.npy"),
        packed(32, "damaged (mmap length is greater than file size)"),
    ),
    damaged(
        "an empty packed array",
        "split",
        lambda project: (project / "data/pyramids/32.npy").write_bytes(b"") and None,
        packed(32, "damaged (…)"),
    ),
    damaged(
        "a packed array of objects (a pickle)",
        "split",
        array("data/pyramids/32.npy", lambda a: np.array([{}])),
        packed(32, "damaged (…)"),
    ),
    damaged(
        "a packed array of another type",
        "split",
        array("data/pyramids/32.npy", lambda a: a.astype(np.float32)),
        packed(32, "holds float32 (12, 32, 32, 3), not uint8 (12, 32, 32, 3)"),
    ),
    damaged(
        "a packed array with fewer images",
        "split",
        array("data/pyramids/32.npy", lambda a: a[:-1]),
        packed(32, "holds uint8 (11, 32, 32, 3), not uint8 (12, 32, 32, 3)"),
    ),
    damaged(
        "a packed size missing",
        "split",
        gone(f"data/pyramids/{SIZES[2]}.npy"),
        f"data/pyramids: holds 2 packed sizes, not 3; remove data/pyramids {AGAIN}",
    ),
    damaged(
        "index.csv cut within its last number",
        "split",
        shortened("data/pyramids/index.csv", 2),
        f"data/pyramids/index.csv: damaged (cut short); remove data/pyramids {AGAIN}",
    ),
]
SPLIT: list[Attempt] = [
    damaged(
        "figures of the images that are a list",
        "describe_data",
        written("data/raw/metrics.json", "[]"),
        f"data/raw/metrics.json: damaged; remove data/raw {AGAIN}",
    ),
    damaged(
        "figures of the images without their sizes",
        "describe_data",
        written("data/raw/metrics.json", "{}"),
        f"data/raw/metrics.json: damaged; remove data/raw {AGAIN}",
    ),
    damaged(
        "figures of the split that are a list",
        "describe_data",
        written("data/split/metrics.json", "[1]"),
        f"data/split/metrics.json: damaged; remove data/split {AGAIN}",
    ),
    damaged(
        "split.json cut in half",
        "describe_data",
        halved("data/split/split.json"),
        f"data/split/split.json: damaged; remove it {AGAIN}",
    ),
    damaged(
        "split.json of other images",
        "describe_data",
        other_split,
        f"data/split/split.json: made for other images than these; remove data/split {AGAIN}",
    ),
    damaged(
        "an image on both sides of split.json",
        "describe_data",
        both_sides,
        f"data/split/split.json: made for other images than these; remove data/split {AGAIN}",
    ),
    damaged(
        "split.json that is a list",
        "describe_data",
        written("data/split/split.json", "[]"),
        f"data/split/split.json: damaged; remove data/split {AGAIN}",
    ),
]
TRAINING: list[Attempt] = [
    damaged(
        "stored features cut in half",
        "train vgg",
        halved("data/features/vgg/features.npy"),
        "data/features/vgg: no whole set of features (mmap length is greater than file size); `dvc repro` makes it",
        slow=True,
    ),
    damaged(
        "stored features of another data set",
        "train vgg",
        fewer_features,
        "the stored features are of another data set; run `dvc repro`",
        slow=True,
    ),
    Fault(
        "half a state of a stopped training",
        "train basic",
        Survived("….state: not readable; training starts from the beginning"),
        half_a_state,
        slow=True,
    ),
    damaged(
        "a history cut within its last number",
        "evaluate",
        shortened(HISTORY, 3),
        f"{HISTORY}: damaged (cut short); remove it {AGAIN}",
        slow=True,
    ),
    damaged(
        "the original study's losses are missing",
        "evaluate",
        gone("data/report_losses.csv"),
        "data/report_losses.csv: missing; restore it with `git restore data/report_losses.csv`",
        slow=True,
    ),
]
REPORT: list[Attempt] = [
    damaged(
        "methods.csv cut in half",
        "report",
        halved("plots/methods.csv"),
        f"plots/methods.csv: damaged (…); remove it {AGAIN}",
    ),
    damaged(
        "methods.csv without a network",
        "report",
        no_network,
        f"plots/methods.csv: damaged (no network in it); remove it {AGAIN}",
    ),
    damaged(
        "models.csv without hashes",
        "report",
        written("plots/models.csv", "model,seed,ours,weights\nbasic,0,no,\n"),
        f"plots/models.csv: damaged (its columns are not model, seed, ours, weights, sha256, parameters, frozen_parameters, macs: no sha256); remove it {AGAIN}",
    ),
    damaged(
        "images.csv cut within its last number",
        "report",
        shortened("plots/images.csv", 3),
        f"plots/images.csv: damaged (cut short); remove it {AGAIN}",
    ),
    damaged(
        "training.csv with words for numbers",
        "report",
        written(
            "plots/training.csv",
            "model,seed,epoch,output,run,criterion,loss,inverse_psnr,psnr\n"
            "basic,0,1,mid,this study,l1,low,low,high\n",
        ),
        f"plots/training.csv: damaged (…); remove it {AGAIN}",
    ),
    damaged(
        "an image of the comparison is missing",
        "report",
        lambda project: image_of(project).unlink(),
        f"data/compare/….mid.bicubic.png: missing; remove data/compare {AGAIN}",
    ),
    damaged(
        "an image of the comparison is cut in half",
        "report",
        lambda project: cut(image_of(project)),
        f"data/compare/….mid.bicubic.png: damaged; remove data/compare {AGAIN}",
    ),
]

INTERMEDIATES = Area("Between two stages", [*RAW, *PYRAMIDS, *SPLIT, *TRAINING, *REPORT])
