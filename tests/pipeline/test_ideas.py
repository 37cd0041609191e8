"""The experiment of docs/ideas.md through DVC: each run once, seeds added, work shared."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pipeline.conftest import Clone

pytestmark = pytest.mark.slow

ON_VOC2007 = (
    "dvc exp run stages/dvc.yaml:ideas -S data.source=voc2007 "
    "-S data.voc2007.archive=/my/VOCtrainval_originals_946.tar "
    "-S split.validation=165 -S train.batch_size=8 "
    "-S frozen.vgg=/my/vgg16_features_to_conv2_2.safetensors"
)
"""As the docs have it; tests/pipeline/test_session.py reads such an archive and such weights."""


EXPERIMENT = ON_VOC2007.split()[:4]
"""Without what names other images."""
RUNS = ".resume/ideas"
BACK = "git switch main"
"""To the branch, as docs/troubleshooting.md has it."""


def cards(folder: Path, runs: str = "data/models/ideas") -> dict[str, int]:
    found = folder.glob(f"{runs}/*.card.json")
    return {path.name: path.stat().st_mtime_ns for path in found}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_seed_that_is_added_trains_alone_and_a_kill_loses_no_whole_run(built, recorded):
    """`dvc exp run` first restores what dvc.lock has, and removes outputs that it does not have."""
    before = cards(built.path, RUNS)
    if not recorded:
        lock = built.path / "stages/dvc.lock"
        content = yaml.safe_load(lock.read_text())
        del content["stages"]["train_ideas"]
        lock.write_text(yaml.safe_dump(content))
        shutil.rmtree(built.path / "data/models/ideas")
    built.edit("params.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    first = killed_after(built, len(before) + 2)
    assert {name: first[name] for name in before} == before
    if not recorded:  # the rest takes minutes
        second = killed_after(built, len(first) + 1)
        assert {name: second[name] for name in first} == first
        return
    built.run(*EXPERIMENT)
    after = cards(built.path)
    assert {name: after[name] for name in first} == first
    assert {name.split(".")[-3] for name in after.keys() - before.keys()} == {"seed2"}
    table = pd.read_csv(built.path / "plots/ideas.csv")
    assert set(table["seeds"]) == {3}
    assert set(table["verdict"]) <= {"few", "collapsed"}


def killed_after(study: Clone, runs: int) -> dict[str, int]:
    """The experiment, killed with all its processes when so many runs are whole; their cards."""
    dvc = subprocess.Popen(
        EXPERIMENT, cwd=study.path, env=study.environment, start_new_session=True
    )
    while len(cards(study.path, RUNS)) < runs:
        assert dvc.poll() is None
        time.sleep(0.01)
    os.killpg(dvc.pid, signal.SIGKILL)
    dvc.wait()
    return cards(study.path, RUNS)


def test_a_killed_experiment_leaves_a_detached_head(clone):
    """What docs/troubleshooting.md says of it."""
    head = clone.path / ".git/HEAD"
    dvc = subprocess.Popen(
        ["dvc", "exp", "run", "-S", "model=vgg", "split"],
        cwd=clone.path,
        env=clone.environment,
        start_new_session=True,
    )
    while not (clone.path / "data/checked.json").exists():  # the first stage ran
        assert dvc.poll() is None
        time.sleep(0.01)
    os.killpg(dvc.pid, signal.SIGKILL)
    dvc.wait()
    assert not head.read_text().startswith("ref:")
    clone.run(*BACK.split())
    assert head.read_text() == "ref: refs/heads/main\n"
    assert "params.yaml" in clone.run("git", "status", "--short")


def test_tables_and_drawings_come_from_the_record_alone(shell, built):
    names = (
        "ideas.csv",
        "ideas_gains.csv",
        "ideas.md",
        "ideas.png",
        "ideas_curves.png",
        "ideas.html",
    )
    made = {name: (built.path / "plots" / name).read_bytes() for name in names}
    for name in names:
        (built.path / "plots" / name).unlink()
    shell("dvc repro --single-item --force stages/dvc.yaml:ideas")
    assert {name: (built.path / "plots" / name).read_bytes() for name in names} == made


def test_what_is_trained_already_is_not_trained_by_another_process(shell, built):
    before = cards(built.path)
    shell("python -m stages.train_ideas")
    assert cards(built.path) == before


def test_what_was_pulled_is_not_trained_again(shell, built):
    before = cards(built.path)
    shutil.rmtree(built.path / ".resume")
    shell("python -m stages.train_ideas")
    assert cards(built.path) == cards(built.path, RUNS) == before
