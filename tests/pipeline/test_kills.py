"""SIGKILL at random moments of a training by `dvc repro`: the next run ends in the same bytes.

`SRCORE_SEED` draws other moments.
"""

import glob
import hashlib
import itertools
import os
import random
import re
import resource
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from commands import ROOT
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

REMEDIES = {
    "Unable to read RWLock-file": "rm .dvc/tmp/rwlock",
    "join.. argument must be .* not 'NoneType'": "find .dvc/cache/runs -type d -empty -delete",
    "stages/dvc.lock' is (invalid|corrupted)": "git restore stages/dvc.lock",
}
"""What docs/troubleshooting.md says of a DVC that was killed while it wrote a file of its own."""


@dataclass
class Study:
    """A clone in which all is there that training reads, and what undisturbed trainings leave."""

    clone: Clone
    whole: dict[str, dict[str, bytes]] = field(default_factory=dict)
    spent: dict[tuple[str, str], float] = field(default_factory=dict)
    """Seconds of CPU of an undisturbed run, by model and victim; steadier than those of a clock."""
    fixed: list[str] = field(default_factory=list)

    def forget(self, model: str) -> None:
        """Take away a training's result and all that DVC remembers of it."""
        self.clone.run("rm", "-rf", f"data/models/{model}", "stages/dvc.lock", ".dvc/cache/runs")

    def fix(self, printed: str) -> bool:
        """Whether DVC could not read a file of its own, and was helped as the docs say."""
        for words, remedy in REMEDIES.items():
            if re.search(words, printed):
                self.fixed.append(words)
                assert self.fixed.count(words) < 4, printed
                self.clone.run(*shlex.split(remedy))
                return True
        return False

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
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has just ended
        return []
    return [found for child in map(int, children) for found in (child, *below(child))]


def seconds(process: int) -> float:
    """Seconds of CPU of a process and of those it started that have ended; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


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

    def kill(self, victim: str) -> bool:
        """Whether there was something to kill."""
        if victim == "training":
            found = self.study.trainings()
            for process in found:
                os.kill(process, signal.SIGKILL)
            return bool(found)
        if self.ended():
            return False
        os.killpg(self.dvc.pid, signal.SIGKILL) if victim == "both" else self.dvc.kill()
        return True

    def spent(self, victim: str = "both") -> float:
        """Seconds of CPU so far of the training, or of `dvc` and all that it started."""
        if victim == "training":
            return sum(map(seconds, self.study.trainings()))
        return sum(map(seconds, (self.dvc.pid, *below(self.dvc.pid))))

    def end(self) -> tuple[int, str]:
        """Exit code, and what it said."""
        return self.dvc.wait(timeout=300), self.log.read_text()


Moment = Callable[[Running], bool]
"""Waits for the moment to kill; False when the run ended before it came."""


def at(share: float, victim: str) -> Moment:
    """At a share of the work of an undisturbed run: of the training alone, or of all."""

    def wait(running: Running) -> bool:
        if victim == "training" and not running.until_it_trains():
            return False
        due = share * running.study.spent[running.model, victim]
        return running.until(lambda: time.sleep(0.005) or running.spent(victim) >= due)

    return wait


def at_state(number: int) -> Moment:
    """While the state is written, the n-th time that this is seen."""

    def wait(running: Running) -> bool:
        folder = running.study.clone.path / ".resume" / running.model

        def writes() -> bool:
            return any(folder.glob(f".{running.model}.seed?.state.*.partial"))

        for _ in range(number):
            if not running.until(lambda: not writes()) or not running.until(writes):
                return False
        return True

    return wait


def at_end(delay: float) -> Moment:
    """When the output is in its place, while the training ends and DVC records it."""

    def wait(running: Running) -> bool:
        out = running.study.clone.path / "data/models" / running.model

        def begun() -> bool:
            return any(out.parent.glob(f".{out.name}.*.partial"))

        if not running.until(begun) or not running.until(out.exists):
            return False
        until = time.monotonic() + delay
        return running.until(lambda: time.monotonic() >= until)

    return wait


def ten(chance: random.Random, victim: str) -> list[Moment]:
    """Spread over the whole run, while the state is written, and at the very end."""
    spread = [at(0.15 * (k + chance.random()), victim) for k in range(6)]
    states = [at_state(chance.randint(1, 4)) for _ in range(2)]
    moments = [*spread, *states, at_end(0), at_end(0.1 * chance.random())]
    chance.shuffle(moments)
    return moments


@pytest.fixture(scope="module")
def study(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    study = Study(new_clone(root, tmp_path_factory.mktemp("kills") / "clone"))
    for old, new in SETTINGS.items():
        study.clone.edit("params.yaml", old, new)
    study.clone.run("dvc", "repro", "split")
    for model in MODELS:
        before, training = seconds_of_children(), 0.0
        running = study.start(model)
        while not running.ended():
            training = max(training, running.spent("training"))
            time.sleep(0.02)
        code, printed = running.end()
        assert code == 0, printed
        study.spent[model, "training"] = training
        study.spent[model, "dvc"] = study.spent[model, "both"] = seconds_of_children() - before
        study.whole[model] = study.content(model)
        assert len(study.whole[model]) >= 2 * 4
    yield study
    for process in study.trainings():
        os.kill(process, signal.SIGKILL)


def run_on(study: Study, model: str, victim: str, moment: Moment | None) -> tuple[bool, bool]:
    """One `dvc repro`; whether it was killed, and whether the study is now done."""
    running = study.start(model)
    killed = moment is not None and moment(running) and running.kill(victim)
    code, printed = running.end()
    assert "Traceback" not in printed, printed
    assert killed or code == 0 or (victim != "training" and study.fix(printed)), printed
    if victim != "dvc" or not killed:
        return killed, code == 0
    time.sleep(0.05)  # what it has just started has its name by then
    if study.trainings():
        # The training outlives its dvc: a second run waits for nobody, and says so, or it comes
        # when the first has just ended.
        code, printed = study.start(model).end()
        lines = [line for line in printed.splitlines() if line.startswith("error: ")]
        refused = len(lines) == 1 and REFUSED.search(lines[0])
        assert code == 0 or refused or study.fix(printed), printed
        assert "Traceback" not in printed, printed
        until = time.monotonic() + 300
        while study.trainings():
            assert time.monotonic() < until
            time.sleep(0.05)
    return killed, code == 0


def test_the_remedies_are_those_of_the_docs():
    text = (ROOT / "docs/troubleshooting.md").read_text()
    assert [remedy for remedy in REMEDIES.values() if f"`{remedy}`" not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["training", "dvc", "both"])
def test_ten_kills_and_the_study_ends_in_the_same_bytes(study: Study, victim: str):
    """Kills follow each other in one training until their moments come no more; then a new one."""
    moments, missed = ten(random.Random(f"{SEED} {victim}"), victim), 0
    for model in itertools.cycle(MODELS):
        if not moments:
            break
        study.forget(model)
        done = False
        while not done:
            text = f"SRCORE_SEED={SEED}, {victim}, {model}, {len(moments)} moments left"
            moment = moments.pop() if moments else None
            try:
                killed, done = run_on(study, model, victim, moment)
            except AssertionError as error:
                raise AssertionError(f"{text}: {error}") from None
            if moment and not killed:
                moments.append(moment)  # a resumed run, say, is too short for it
                missed += 1
                assert missed < 15, f"{text}: it does not come"
        assert study.content(model) == study.whole[model], text
        assert study.left_over() == [], text
    for file in (study.clone.path / ".dvc/cache/files/md5").glob("*/*"):
        found = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        assert found == file.parent.name + file.name.removesuffix(".dir"), f"{text}: {file}"


@pytest.mark.slow
@pytest.mark.parametrize("change", ["threads", "code"])
def test_the_state_of_another_training_is_not_used(study: Study, change: str):
    file, old, new = {
        "threads": ("params.yaml", "threads: 1", "threads: 2"),
        "code": ("srcore/training/augment.py", "DIHEDRAL", "# another version\nDIHEDRAL"),
    }[change]
    study.forget("basic")
    running = study.start("basic")
    assert at_state(3)(running)
    running.kill("both")
    running.end()
    study.clone.edit(file, old, new)
    try:
        code, printed = study.start("basic").end()
        assert code == 0, printed
        assert printed.count("training starts from the beginning") == 1, printed
        found = study.content("basic")
        study.forget("basic")
        code, printed = study.start("basic").end()
        assert code == 0, printed
        assert "training starts from the beginning" not in printed
        assert study.content("basic") == found
        assert study.left_over() == []
    finally:
        study.clone.edit(file, new, old)


def _seen(running: Running, folder: Path, pattern: str) -> bool:
    """Wait for a file."""
    return running.until(lambda: time.sleep(0.002) or glob.glob(f"{folder}/{pattern}"))  # noqa: PTH207


@pytest.mark.slow
def test_a_kill_in_bfloat16_ends_in_the_bytes_of_an_undisturbed_training(study: Study):
    study.clone.edit("params.yaml", "precision: 32-true", "precision: bf16-mixed")
    try:
        found: list[dict[str, bytes]] = []
        for killed in (False, True):
            study.forget("subpixel")
            if killed:
                running = study.start("subpixel")
                assert at_state(3)(running)
                running.kill("both")
                running.end()
            code, printed = study.start("subpixel").end()
            assert code == 0, printed
            assert "training starts from the beginning" not in printed
            found.append(study.content("subpixel"))
        assert found[0] == found[1]
        assert found[0] != study.whole["subpixel"], "trained in float32"
        assert study.left_over() == []
    finally:
        study.clone.edit("params.yaml", "precision: bf16-mixed", "precision: 32-true")


@pytest.mark.dvc
@pytest.mark.slow
def test_ctrl_c_ends_a_study_at_once_and_the_next_run_goes_on(root: Path, tmp_path: Path):
    study = Study(new_clone(root, tmp_path / "clone"))
    for old, new in (("crops: 16", "crops: 99"), ("threads: 2", "threads: 1")):
        study.clone.edit("params.yaml", old, new)
    study.clone.edit("params.yaml", "epochs: 1", "epochs: 3")
    data = study.clone.path / "data"
    went_on: list[list[str]] = []
    for seen in (
        ".pyramids.*.partial/288.npy",
        "features/.vgg.*.partial/features.npy",
        None,  # while the libraries of the training load
        "../.resume/vgg/vgg.seed0.state",
    ):
        before = seconds_of_children()
        running = study.start("vgg")
        came = _seen(running, data, seen) if seen else running.until_it_trains()
        assert came, running.end()
        time.sleep(0.2)
        since, spent = time.monotonic(), running.spent()
        os.killpg(running.dvc.pid, signal.SIGINT)
        code, printed = running.end()
        # CPU time: what would have gone on takes more than ten. On a busy machine ending takes two.
        assert seconds_of_children() - before - spent < 4, printed
        assert time.monotonic() - since < 60, printed
        assert code != 0, printed
        assert "Traceback" not in printed
        assert "stopped" in printed.splitlines(), printed
        assert list(data.glob("**/.*.partial")) == []
        went_on.append(re.findall(r"Running stage '(?:[\w./]+:)?(\w+)'", printed))
    # DVC runs split and features_vgg, which do not need each other, in either order.
    stopped = ["resize_pyramids", "features_vgg", "train_vgg", "train_vgg"]
    assert [names[-1] for names in went_on] == stopped
    ended = [name for names in went_on for name in names[:-1]]
    assert sorted(ended) == sorted({*ended}), "what had ended was run again"
    assert {*ended} == {"check", "download", "resize_pyramids", "split", "features_vgg"}
    code, printed = study.start("vgg").end()
    assert code == 0, printed
    assert study.left_over() == []
