"""Full disks, read-only ones, kills and second runs, stage by stage."""

# ruff: noqa: E501  the lines that stages say are whole here

import resource
import shutil
import signal
from pathlib import Path

from PIL import Image

from faults.fault import Area, Attempt, Died, Fault, Refused, Survived, as_is
from faults.machine import (
    dies_at,
    free_space,
    held_midway,
    other_disk,
    read_only,
    signalled,
    small_disk,
    with_little,
    writable,
)
from faults.project import Project, Tried

STATE = "… (.resume/basic/basic.seed0.state); free some space and run again"
FULL = "No space left on device (…); free some space and run again"


WITHOUT_TORCH = ("download", "resize_pyramids", "split", "report", "describe_data")


def full(
    command: str, spare: int, at: str, place: str = "data", kind: str = "folder", line: str = FULL
) -> Fault:
    what, make = f"the disk is full at {at}", small_disk(place, spare)
    slow = command not in WITHOUT_TORCH
    return Fault(what, command, Refused(line), make, free_space, kind=kind, slow=slow)


def killed(command: str, rename: int, kind: str = "folder") -> Fault:
    what = f"SIGKILL before the {('first', 'second', 'third')[rename - 1]} output is in place"
    slow, how = command not in WITHOUT_TORCH, dies_at(rename)
    return Fault(what, command, Died(), as_is, as_is, how, kind=kind, slow=slow)


def huge_image(project: Project) -> None:
    Image.new("RGB", (9000, 9000)).save(project / "mine/huge.png", compress_level=1)


def no_huge_image(project: Project) -> None:
    (project / "mine/huge.png").unlink()


def data_elsewhere(project: Project) -> None:
    """data/ becomes a link to another file system, and the stages before run there."""
    disk = project.path.with_name(f"{project.path.name}.disk")
    other_disk(project, disk)
    shutil.move(project / "data", disk / "data")
    (project / "data").symlink_to(disk / "data")
    for stage in ("download", "resize_pyramids", "split"):
        assert project.run(stage).code == 0


def raw_elsewhere(project: Project) -> None:
    """data/raw alone is a link to a folder, not yet made, of another file system."""
    disk = project.path.with_name(f"{project.path.name}.disk")
    other_disk(project, disk)
    (project / "data/raw").symlink_to(disk / "raw")


def data_mounted(project: Project) -> None:
    small_disk("data", 8000)(project)


def beside_another(command: str, seen: str):
    """Run while an earlier run, whose dvc was killed, say, is stopped in the middle."""

    def how(project: Project, _: str) -> Tried:
        with held_midway(project, command, seen):
            return project.run(command)

    return how


def many_images(project: Project) -> None:
    """Enough for a stage to be in the middle of them for a while."""
    for number in range(12):
        for copy in range(20):
            Path(project / f"mine/{number:02d}.{copy}.png").write_bytes(
                (project / f"mine/{number:02d}.png").read_bytes()
            )


def few_images(project: Project) -> None:
    for copy in (project / "mine").glob("*.*.png"):
        copy.unlink()


FULL_DISKS: list[Attempt] = [
    full("download", 8, "the images"),
    full("resize_pyramids", 40, "the packed arrays"),
    full("split", 0, "split.json"),
    full("describe_data", 0, "the sheet of samples", "plots"),
    full("describe_data", 0, "dataset.json", "metrics"),
    full("features vgg", 20, "the features"),
    full("train basic", 0, "the live log"),
    full("train basic", 80, "the checkpoint"),
    full("train basic", 80, "the state of the training", ".resume", line=STATE),
    full("train_set all", 300, "the copies"),
    full("evaluate", 0, "evaluate.json", "metrics"),
    full("evaluate", 0, "images.csv", "plots"),
    full("compare", 4, "an image"),
    full("compare", 0, "the sheets", "plots"),
    full("report", 8, "the page", "plots", "made up"),
]
READ_ONLY: list[Attempt] = [
    Fault(
        "data/ is read-only",
        "download",
        Refused("Read-only file system (data/raw); make it writable and run again"),
        read_only("data"),
        writable("data"),
    ),
    Fault(
        "plots/ is read-only",
        "report",
        Refused("Read-only file system (plots/report.html); make it writable and run again"),
        read_only("plots"),
        writable("plots"),
        kind="made up",
    ),
    Fault("data/ is a file system of its own", "download", Survived(), data_mounted),
    Fault("data/ is a link to another file system", "describe_data", Survived(), data_elsewhere),
    Fault("data/raw is a link to another file system", "download", Survived(), raw_elsewhere),
    Fault(
        "too little memory for an image",
        "download",
        Refused(
            "not enough memory; use fewer or smaller images (data.limit, data.max_pixels, pyramid.sizes, the recipe's batch_size), or a larger machine"
        ),
        huge_image,
        no_huge_image,
        with_little(resource.RLIMIT_AS, 700 << 20),
    ),
    Fault(
        "files may not grow beyond 8 kB (a quota)",
        "resize_pyramids",
        Refused("File too large (…); fix that and run again"),
        as_is,
        as_is,
        with_little(resource.RLIMIT_FSIZE, 8192),
    ),
]
KILLED: list[Attempt] = [
    killed("check", 1),
    killed("download", 3),
    killed("resize_pyramids", 3),
    killed("split", 3),
    killed("describe_data", 2),
    killed("features vgg", 2),
    killed("train basic", 2),
    killed("train_set all", 1),
    killed("evaluate", 3),
    killed("compare", 3),
    killed("clip_analysis", 3),
    killed("report", 1, "made up"),
    Fault(
        "Ctrl-C in the middle",
        "download",
        Died(signal.SIGINT, "stopped"),
        many_images,
        few_images,
        signalled(signal.SIGINT, "data/.raw.*.partial/images.zip"),
    ),
    Fault(
        "an earlier run is still at it",
        "download",
        Refused(
            "data/raw: another process is writing it; wait for it to end, or stop it, and run again"
        ),
        as_is,
        as_is,
        beside_another("download", "data/.raw.*.partial/images.zip"),
    ),
    Fault(
        "an earlier run is still at it",
        "train basic",
        Refused(
            "process … is training basic in this folder; wait for it to end, or stop it, and run again"
        ),
        as_is,
        as_is,
        beside_another("train basic", "data/models/.basic.*.partial"),
        slow=True,
    ),
]

STOPPED = Area("Disks, memory, kills and second runs", [*FULL_DISKS, *READ_ONLY, *KILLED])
