"""Faults that `dvc repro` meets with: what changed is noticed, and two runs do not mix."""

# ruff: noqa: E501  the lines that stages say are whole here

import json
import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

from faults.fault import (
    Act,
    Area,
    DvcRefuses,
    Ending,
    Fault,
    Refused,
    Reruns,
    Survived,
    as_is,
)
from faults.images import half_are_bad, without_the_bad
from faults.intermediates import halved
from faults.machine import free_space, held_midway, small_disk, wait_for
from faults.parameters import UNDO, given
from faults.project import Project, Tried, photograph
from faults.weights import save, tensors, weights

DATA_STAGES = ("download", "resize_pyramids", "split")


def added(project: Project) -> None:
    photograph(13).save(project / "mine/new.png")


def removed(project: Project) -> None:
    (project / "mine/05.png").unlink()


def changed(project: Project) -> None:
    photograph(13).save(project / "mine/05.png")


def touched(project: Project) -> None:
    os.utime(project / "mine/05.png", (0, 0))


def nothing_done(project: Project) -> None:
    """Take away all results and what DVC remembers of them."""
    for name in ("data/raw", "data/pyramids", "data/split", ".dvc/cache"):
        shutil.rmtree(project / name)
    (project / "dvc.lock").unlink()


def anew(project: Project) -> None:
    """Change params.yaml, as -S does: `check` then runs before DVC reads the folder."""
    path = project / "params.yaml"
    path.write_text(path.read_text() + "# changed\n")


def dangling(project: Project) -> None:
    (project / "mine/gone.png").symlink_to("nowhere")


def without_dangling(project: Project) -> None:
    (project / "mine/gone.png").unlink()


def pipe(project: Project) -> None:
    os.mkfifo(project / "mine/pipe.png")


def without_pipe(project: Project) -> None:
    (project / "mine/pipe.png").unlink()


def latin(project: Project) -> bytes:
    return os.fsencode(project / "mine") + b"/caf\xe9.png"


def not_utf8(project: Project) -> None:
    shutil.copy(project / "mine/05.png", latin(project))


def without_not_utf8(project: Project) -> None:
    Path(os.fsdecode(latin(project))).unlink()


def other_weights(project: Project) -> None:
    weights(lambda arrays: None)(project)
    before = project.run("dvc repro stages/dvc.yaml:features_vgg")
    assert before.code == 0, before.printed
    doubled = {name: 2 * values for name, values in tensors().items()}
    save(project / "vgg.safetensors", doubled)


def both(*acts: Act) -> Act:
    def make(project: Project) -> None:
        for act in acts:
            act(project)

    return make


RAW = "data/.raw.*.partial"
LOCKS = ".dvc/tmp/rwlock"
"""DVC's own list of the files that a running `dvc` reads and writes."""


def locks_cut_short(project: Project) -> None:
    (project / LOCKS).write_text("")


def without_locks(project: Project) -> None:
    (project / LOCKS).unlink()


def locks_of_a_dead_process(project: Project) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    held = {"pid": dead.pid, "cmd": "dvc repro"}
    text = json.dumps({"write": {str(project / "data/split"): held}, "read": {}})
    (project / LOCKS).write_text(text)


RUNS = ".dvc/cache/runs"
"""DVC's own list of what it has run: a folder by stage and dependencies, a file by result."""


def runs_not_noted(project: Project) -> None:
    folders = list((project / RUNS).glob("*/*"))
    nothing_done(project)
    for folder in folders:
        folder.mkdir(parents=True)


def without_empty_runs(project: Project) -> None:
    subprocess.run(["find", RUNS, "-type", "d", "-empty", "-delete"], cwd=project.path, check=True)


def lock_cut_short(project: Project) -> None:
    lock = project / "dvc.lock"
    text = lock.read_text()
    lock.write_text(text[: text.rindex("outs:") + 3])


def with_the_former_lock(project: Project) -> None:
    subprocess.run(["git", "restore", "dvc.lock"], cwd=project.path, check=True)


def killed_with_its_stage(project: Project, command: str) -> Tried:
    running = project.start(command, start_new_session=True)
    wait_for(project / RAW, running)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert not (project / "data/raw").exists()
    return project.run(command)


def beside_a_stage_without_its_dvc(project: Project, command: str) -> Tried:
    with held_midway(project, "download", RAW):
        tried = project.run(command)
    shutil.rmtree(project / "data/raw")
    return tried


def beside_another_dvc(project: Project, command: str) -> Tried:
    """Run while the stage of another `dvc repro`, stopped in the middle, holds its place."""
    first = project.start(command)
    wait_for(project / RAW, first)
    children = subprocess.run(
        ["pgrep", "--parent", str(first.pid), "--full", "stages.download"],
        capture_output=True,
        text=True,
    ).stdout.split()
    for child in children:
        os.kill(int(child), signal.SIGSTOP)
    assert children
    try:
        return project.run(command)
    finally:
        for child in children:
            os.kill(int(child), signal.SIGCONT)
        printed, _ = first.communicate()
        assert first.returncode == 0, printed


def repro(what: str, make: Act, ends: Ending, fix: Act | None = None, **more) -> Fault:
    if isinstance(ends, Refused):
        ends = replace(ends, by_dvc=True)
    return Fault(what, "dvc repro split", ends, make, fix, kind="dvc", slow=True, **more)


THROUGH_DVC = Area(
    "The whole pipeline, by DVC",
    [
        repro("an image added to the folder", added, Reruns(DATA_STAGES, 13)),
        repro("an image removed from the folder", removed, Reruns(DATA_STAGES, 11)),
        repro("an image of the folder changed", changed, Reruns(DATA_STAGES, 12)),
        repro("an image with another date and the same content", touched, Reruns((), 12)),
        Fault(
            "a changed weights file",
            "dvc repro stages/dvc.yaml:features_vgg",
            Reruns(("features_vgg",), 12),
            other_weights,
            kind="dvc",
            slow=True,
        ),
        repro(
            "a link to nowhere in a folder that is new, or with params.yaml changed",
            both(dangling, anew),
            Refused(
                "data.folder.path: mine/gone.png is a link to nowhere, which DVC cannot read; take it out of the folder and run again"
            ),
            without_dangling,
        ),
        repro(
            "a link to nowhere that came into a folder of which `check` knows",
            dangling,
            DvcRefuses(
                "ERROR: failed to reproduce 'download': [Errno 2] No such file or directory: '…/mine/gone.png'"
            ),
            without_dangling,
        ),
        repro(
            "a pipe in a folder that is new, or with params.yaml changed",
            both(pipe, anew),
            Refused(
                "data.folder.path: mine/pipe.png is a pipe or a device, not a file, which DVC cannot read; take it out of the folder and run again"
            ),
            without_pipe,
        ),
        repro(
            "a name that is not UTF-8 in a folder that is new, or with params.yaml changed",
            both(not_utf8, anew),
            Refused(
                r"data.folder.path: mine/caf\udce9.png is of a name that is not UTF-8, which DVC cannot read; take it out of the folder and run again"
            ),
            without_not_utf8,
        ),
        repro("a packed array cut in half", halved("data/pyramids/32.npy"), Survived()),
        repro("split.json cut in half", halved("data/split/split.json"), Survived()),
        repro(
            "a typo in params.yaml",
            given("train.epoch", 3),
            Refused(
                f"params.yaml: train.epoch is not a parameter; did you mean 'epochs'? known here: …{UNDO}"
            ),
        ),
        repro(
            "too many bad images",
            half_are_bad,
            Refused(
                "6 of 18 images cannot be used (bad0.jpg: …), more than data.max_rejected = 0.05 allows; fix or remove them, or raise it"
            ),
            without_the_bad,
        ),
        repro(
            "SIGKILL of dvc and its stage, then run again",
            nothing_done,
            Survived(),
            how=killed_with_its_stage,
        ),
        repro(
            "a stage that outlived its killed dvc",
            nothing_done,
            Refused(
                "data/raw: another process is writing it; wait for it to end, or stop it, and run again"
            ),
            as_is,
            how=beside_a_stage_without_its_dvc,
        ),
        repro(
            "the list of locks of a dvc that was killed",
            both(nothing_done, locks_of_a_dead_process),
            Survived(
                "WARNING: Process 'dvc repro' with (Pid …), in RWLock-file 'data/split' had been killed. Auto removed it from the lock file."
            ),
        ),
        repro(
            "a dvc that was killed while it wrote its list of locks; fixed by `rm .dvc/tmp/rwlock`",
            both(nothing_done, locks_cut_short),
            DvcRefuses(
                "ERROR: failed to reproduce 'check': Unable to read RWLock-file '.dvc/tmp/rwlock'. JSON structure is corrupted…"
            ),
            without_locks,
        ),
        repro(
            "a dvc that was killed before it noted a run; fixed by `find .dvc/cache/runs -type d -empty -delete`",
            runs_not_noted,
            DvcRefuses(
                "ERROR: failed to reproduce 'check': join() argument must be str, bytes, or os.PathLike object, not 'NoneType'"
            ),
            without_empty_runs,
        ),
        repro(
            "a dvc that was killed while it wrote dvc.lock; fixed by `git restore dvc.lock`",
            lock_cut_short,
            DvcRefuses("'./dvc.lock' is invalid."),
            with_the_former_lock,
        ),
        repro(
            "two dvc repro at once",
            nothing_done,
            DvcRefuses(
                "ERROR: failed to reproduce 'check': '…data/checked.json' is busy, it is being blocked by:"
            ),
            as_is,
            how=beside_another_dvc,
        ),
        repro(
            "the disk is full at DVC's cache",
            both(nothing_done, small_disk(".dvc/cache", 8)),
            DvcRefuses("ERROR: failed to reproduce 'check': [Errno 28] No space left on device"),
            free_space,
        ),
    ],
)
