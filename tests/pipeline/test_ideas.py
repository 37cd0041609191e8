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


RUNS = ".resume/ideas"


def cards(folder: Path, runs: str = "data/models/ideas") -> dict[str, int]:
    found = folder.glob(f"{runs}/*.card.json")
    return {path.name: path.stat().st_mtime_ns for path in found}


def test_a_seed_that_is_added_trains_alone(built):
    before = cards(built.path)
    built.edit("params.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    built.run("dvc", *ON_VOC2007.split()[1:4])  # without what names other images
    after = cards(built.path)
    assert {name: after[name] for name in before} == before
    assert {name.split(".")[-3] for name in after.keys() - before.keys()} == {"seed2"}
    table = pd.read_csv(built.path / "plots/ideas.csv")
    assert set(table["seeds"]) == {3}
    assert set(table["verdict"]) <= {"few", "collapsed"}


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


@pytest.mark.parametrize("recorded", [True, False])
def test_a_killed_experiment_goes_on_from_its_whole_runs(built, recorded):
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
    second = killed_after(built, len(first) + 1)
    assert {name: second[name] for name in first} == first


def killed_after(study: Clone, runs: int) -> dict[str, int]:
    """The experiment, killed with all its processes when so many runs are whole; their cards."""
    dvc = subprocess.Popen(
        ON_VOC2007.split()[:4], cwd=study.path, env=study.environment, start_new_session=True
    )
    while len(cards(study.path, RUNS)) < runs:
        assert dvc.poll() is None
        time.sleep(0.01)
    os.killpg(dvc.pid, signal.SIGKILL)
    dvc.wait()
    return cards(study.path, RUNS)
