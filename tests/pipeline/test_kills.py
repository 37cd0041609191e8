"""SIGKILL at random moments of a training by `dvc repro`: the next run ends in the same bytes.

`SRCORE_SEED` draws other moments.
"""

import hashlib
import os
import random
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pipeline.conftest import Clone, new_clone

SEED = int(os.environ.get("SRCORE_SEED", "0"))
MODELS = ("basic", "subpixel")
SETTINGS = {
    "threads: 2": "threads: 1",
    "seeds: [0]": "seeds: [0, 1]",
    "sizes: [72, 144, 288]": "sizes: [24, 48, 96]",
    "epochs: 1": "epochs: 4",
}
"""Edits of params.yaml: a training is several epochs of a fifth of a second, with two seeds."""

REFUSED = re.compile("process [0-9]+ is training|another process is writing it")


@dataclass
class Study:
    """A clone in which all is there that training reads, and what undisturbed trainings leave."""

    clone: Clone
    whole: dict[str, dict[str, bytes]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """Of an undisturbed training's process, by model."""
    before: float = 0.0
    """Seconds from the start of `dvc` to that of the training."""

    def forget(self, model: str) -> None:
        """Take away a training's result and all that DVC remembers of it."""
        self.clone.run("rm", "-rf", f"data/models/{model}", "stages/dvc.lock", ".dvc/cache/runs")

    def start(self, model: str) -> "Running":
        return Running(self, model)

    def content(self, model: str) -> dict[str, bytes]:
        """Checkpoint, history, metrics and live log of every seed: file → its bytes."""
        folder = self.clone.path / "data/models" / model
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    def left_over(self) -> list[str]:
        """What is neither a result nor a lock."""
        found = [*self.clone.path.glob("data/**/.*.partial"), *self.clone.path.glob(".resume/*/*")]
        return [str(path) for path in found if path.name != "lock"]

    def trainings(self) -> list[int]:
        """Processes that train in this clone, whoever started them."""
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return [process for process in numbers if _trains(process, self.clone.path)]


def _trains(process: int, folder: Path) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return (
            b"python" in command[0]
            and b"stages.train" in command
            and Path(f"/proc/{process}/cwd").readlink() == folder
        )
    except OSError:  # it has just ended
        return False


def below(process: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *below(child))]


def seconds_of_children() -> float:
    """Seconds of CPU of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _interruptible() -> None:
    """Undo what a shell does that starts pytest in the background: its children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Running:
    """A `dvc repro` at work."""

    def __init__(self, study: Study, model: str) -> None:
        self.study, self.model = study, model
        self.log = study.clone.path.with_name("log")
        with self.log.open("w") as log:
            self.dvc = subprocess.Popen(
                ["dvc", "repro", f"stages/dvc.yaml:train_{model}"],
                cwd=study.clone.path,
                env=study.clone.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_interruptible,  # noqa: PLW1509
            )
        self.since = time.monotonic()

    def ended(self) -> bool:
        return self.dvc.poll() is not None

    def until(self, met: Callable[[], object]) -> bool:
        """Wait for something; False when the run ended before."""
        while not met():
            if self.ended():
                return False
            time.sleep(0.0005)
        return True

    def until_it_trains(self) -> bool:
        return self.until(lambda: time.sleep(0.01) or self.study.trainings())

    def kill(self, victim: str) -> None:
        if victim == "training":
            for process in self.study.trainings():
                os.kill(process, signal.SIGKILL)
        elif victim == "dvc":
            self.dvc.kill()
        else:
            os.killpg(self.dvc.pid, signal.SIGKILL)

    def spent(self) -> float:
        """Seconds of CPU that `dvc` and all that it started have used."""
        ticks = 0
        for process in (self.dvc.pid, *below(self.dvc.pid)):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def end(self) -> tuple[int, str]:
        """Exit code, and what it said."""
        return self.dvc.wait(timeout=300), self.log.read_text()


Moment = Callable[[Running], bool]
"""Waits for the moment to kill; False when the run ended before it came."""


def at(share: float, *, of_training: bool) -> Moment:
    """At a share of the time that an undisturbed run takes, or its training's process alone."""

    def wait(running: Running) -> bool:
        study = running.study
        if of_training and not running.until_it_trains():
            return False
        since = time.monotonic() if of_training else running.since
        whole = study.seconds[running.model] + (0 if of_training else study.before)
        return running.until(lambda: time.monotonic() >= since + share * whole)

    return wait


def at_state(number: int) -> Moment:
    """While the state is written, the n-th time that this is seen."""

    def wait(running: Running) -> bool:
        folder = running.study.clone.path / ".resume" / running.model
        partials = [folder / f".{running.model}.seed{seed}.state.partial" for seed in (0, 1)]
        for _ in range(number):
            if not running.until(lambda: not any(map(os.path.exists, partials))):
                return False
            if not running.until(lambda: any(map(os.path.exists, partials))):
                return False
        return True

    return wait


def at_end(delay: float) -> Moment:
    """When the output is in its place, while the training ends and DVC records it."""

    def wait(running: Running) -> bool:
        out = running.study.clone.path / "data/models" / running.model
        partial = out.with_name(f".{running.model}.partial")
        if not running.until(partial.exists) or not running.until(out.exists):
            return False
        until = time.monotonic() + delay
        return running.until(lambda: time.monotonic() >= until)

    return wait


def ten(chance: random.Random, victim: str) -> list[Moment]:
    """Spread over the whole run, while the state is written, and at the very end."""
    spread = [at((k + chance.random()) / 6, of_training=victim == "training") for k in range(6)]
    states = [at_state(chance.randint(1, 8)) for _ in range(2)]
    moments = [*spread, *states, at_end(0), at_end(0.5 * chance.random())]
    chance.shuffle(moments)
    return moments


@pytest.fixture(scope="module")
def study(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    study = Study(new_clone(root, tmp_path_factory.mktemp("kills") / "clone"))
    for old, new in SETTINGS.items():
        study.clone.edit("params.yaml", old, new)
    study.clone.run("dvc", "repro", "split")
    for model in MODELS:
        running = study.start(model)
        assert running.until_it_trains(), running.end()
        study.before = time.monotonic() - running.since
        running.until(lambda: not study.trainings())
        study.seconds[model] = time.monotonic() - running.since - study.before
        code, said = running.end()
        assert code == 0, said
        study.whole[model] = study.content(model)
        assert len(study.whole[model]) >= 2 * 4
    yield study
    for process in study.trainings():
        os.kill(process, signal.SIGKILL)


def run_on(study: Study, model: str, victim: str, moment: Moment | None) -> bool | None:
    """One `dvc repro`; True when it ended by itself, None when its moment never came."""
    running = study.start(model)
    killed = moment is not None and moment(running)
    if killed:
        running.kill(victim)
    code, said = running.end()
    assert "Traceback" not in said
    if victim == "dvc" and killed and study.trainings():
        # The training outlives its dvc: a second run waits for nobody, and says so, or it comes
        # when the first has just ended.
        code, said = study.start(model).end()
        lines = [line for line in said.splitlines() if line.startswith("error: ")]
        assert code == 0 or (len(lines) == 1 and REFUSED.search(lines[0])), said
        assert "Traceback" not in said
        until = time.monotonic() + 300
        while study.trainings():
            assert time.monotonic() < until
            time.sleep(0.05)
        return code == 0
    if not killed:
        assert code == 0, said
    return code == 0 if killed or moment is None else None


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["training", "dvc", "both"])
def test_a_killed_study_ends_in_the_same_bytes(study: Study, victim: str):
    chance = random.Random(f"{SEED} {victim}")
    moments, count = ten(chance, victim), 0
    told = f"SRCORE_SEED={SEED}, {victim}"
    while moments:
        model, fresh, ended = MODELS[count % 2], True, False
        count += 1
        study.forget(model)
        while not ended:
            moment = moments.pop() if moments else None
            try:
                came = run_on(study, model, victim, moment)
            except AssertionError as error:
                left = f"{len(moments)} moments before the end"
                raise AssertionError(f"{told}, {left}: {error}") from None
            if came is None and moment and not fresh:
                moments.append(moment)  # a resumed run was too short for it
            fresh, ended = False, came is not False
        assert study.content(model) == study.whole[model], told
        assert study.left_over() == [], told
    for file in (study.clone.path / ".dvc/cache/files/md5").glob("*/*"):
        found = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        assert found == file.parent.name + file.name.removesuffix(".dir"), f"{told}: {file}"


@pytest.mark.slow
@pytest.mark.parametrize("change", ["threads", "code"])
def test_the_state_of_another_training_is_not_used(study: Study, change: str):
    file, old, new = {
        "threads": ("params.yaml", "threads: 1", "threads: 2"),
        "code": ("srcore/augment.py", "WAYS", "# another version\nWAYS"),
    }[change]
    study.forget("basic")
    running = study.start("basic")
    assert at_state(3)(running)
    running.kill("both")
    running.end()
    study.clone.edit(file, old, new)
    try:
        code, said = study.start("basic").end()
        assert code == 0, said
        assert said.count("training starts anew") == 1, said
        found = study.content("basic")
        study.forget("basic")
        code, said = study.start("basic").end()
        assert code == 0, said
        assert "training starts anew" not in said
        assert study.content("basic") == found
        assert study.left_over() == []
    finally:
        study.clone.edit(file, new, old)


@pytest.mark.slow
def test_ctrl_c_ends_a_study_at_once_and_the_next_run_goes_on(root: Path, tmp_path: Path):
    study = Study(new_clone(root, tmp_path / "clone"))
    for old, new in (("crops: 16", "crops: 99"), ("threads: 2", "threads: 1")):
        study.clone.edit("params.yaml", old, new)
    study.clone.edit("params.yaml", "epochs: 1", "epochs: 3")
    data = study.clone.path / "data"
    went_on: list[list[str]] = []
    for seen in (
        data / ".pyramids.partial/288.npy",
        data / "features/.vgg.partial/features.npy",
        None,  # while the libraries of the training load
        study.clone.path / ".resume/vgg/vgg.seed0.state",
    ):
        before = seconds_of_children()
        running = study.start("vgg")
        came = running.until(seen.exists) if seen else running.until_it_trains()
        assert came, running.end()
        time.sleep(0.2)
        since, spent = time.monotonic(), running.spent()
        os.killpg(running.dvc.pid, signal.SIGINT)
        code, said = running.end()
        # On a quiet machine these are seconds; on a busy one they may take many.
        assert seconds_of_children() - before - spent < 2, said
        assert time.monotonic() - since < 60, said
        assert code != 0, said
        assert "Traceback" not in said
        assert "stopped" in said.splitlines(), said
        assert list(data.glob("**/.*.partial")) == []
        went_on.append(re.findall(r"Running stage '(?:[\w./]+:)?(\w+)'", said))
    assert went_on == [
        ["check", "download", "resize_pyramids"],
        ["resize_pyramids", "split", "features_vgg"],
        ["features_vgg", "train_vgg"],
        ["train_vgg"],
    ]
    code, said = study.start("vgg").end()
    assert code == 0, said
    assert study.left_over() == []
