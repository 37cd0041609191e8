"""What the figures were made with: the parameters and code of every stage that they depend on."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from srcore.common.errors import StudyError
from srcore.reporting.recorded import changed_files, recorded_parameters


def stage(reads: list[str], writes: str, **params: object) -> dict[str, object]:
    return {
        "deps": [{"path": path} for path in reads],
        "outs": [{"path": writes}],
        "params": {"params.yaml": params},
    }


@pytest.fixture
def locks(tmp_path, monkeypatch) -> None:
    """Of a study of `vgg` alone, in which `clip` was trained too."""
    monkeypatch.chdir(tmp_path)
    Path("stages").mkdir()
    last = {
        "split": stage([], "data/split", seed=1),
        "evaluate": stage(["data/models/vgg", "data/split"], "plots/images.csv", threads=2),
        "clip_analysis": stage(["data/models/vgg"], "plots/clip.csv", top=3),
    }
    training = {
        "features_vgg": stage([], "data/features/vgg", weights="random"),
        "features_clip": stage([], "data/features/clip", weights="pretrained"),
        "train_vgg": stage(["data/features/vgg", "data/split"], "data/models/vgg", lr=0.1),
        "train_clip": stage(["data/features/clip"], "data/models/clip", lr=0.2),
    }
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": last}))
    Path("stages/dvc.lock").write_text(yaml.safe_dump({"stages": training}))


def answer(monkeypatch, printed: str, error: str = "") -> None:
    """Let DVC say so."""
    done = subprocess.CompletedProcess([], 0, printed, error)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


@pytest.mark.usefixtures("locks")
def test_parameters_of_every_stage_behind_the_figures_and_of_no_other():
    found = list(recorded_parameters(None, ["vgg"], "params.yaml"))
    expected = [{"threads": 2}, {"lr": 0.1}, {"weights": "random"}, {"seed": 1}]
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.usefixtures("locks")
def test_changed_code_of_those_stages(monkeypatch):
    def changed(*files: str, state: str = "modified") -> list[object]:
        return [{"changed deps": dict.fromkeys(files, state)}, {"changed outs": {"x": "modified"}}]

    stages = {
        "stages/dvc.yaml:features_vgg": changed("srcore/features/vgg.py"),
        "stages/dvc.yaml:features_clip": changed("srcore/features/clip.py"),
        "clip_analysis": changed("srcore/evaluation/clip"),
        "split": ["changed command", *changed("data/pyramids", state="deleted")],
        "evaluate": changed("srcore/metrics", "srcore/features/vgg.py"),
    }
    answer(monkeypatch, json.dumps(stages))
    assert changed_files(["vgg"]) == ["srcore/features/vgg.py", "srcore/metrics"]


@pytest.mark.usefixtures("locks")
def test_a_dvc_that_cannot_look_is_one_line(monkeypatch):
    answer(monkeypatch, "", "ERROR: first\nERROR: Unable to acquire lock\n")
    with pytest.raises(StudyError, match=r"^`dvc status`, .* failed: ERROR: Unable to acquire"):
        changed_files(["vgg"])


def test_without_lock_files_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert changed_files(["vgg"]) == []
    assert list(recorded_parameters(None, ["vgg"], "params.yaml")) == []
