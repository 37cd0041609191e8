import hashlib
import json
from pathlib import Path

import pytest
import yaml
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from dvc_objects.fs.local import LocalFileSystem

from srcore.common.errors import StudyError
from srcore.export.judged import folder_md5, own_figures

FIGURES = {"basic": {"mid": {"psnr": 25.0}}, "bicubic": {"mid": {"psnr": 24.0}}, "best": {}}


@pytest.fixture
def project(tmp_path) -> Path:
    """What `dvc repro` leaves: judged checkpoints, their figures, and dvc.lock."""
    models = tmp_path / "data" / "models" / "all"
    (models / "live").mkdir(parents=True)
    (models / "basic.seed0.safetensors").write_bytes(b"trained")
    (models / "live" / "log.tsv").write_text("1\n")
    metrics = tmp_path / "metrics" / "evaluate.json"
    metrics.parent.mkdir()
    metrics.write_text(json.dumps(FIGURES))
    lock(tmp_path)
    return tmp_path


def lock(project: Path) -> None:
    models, metrics = project / "data" / "models" / "all", project / "metrics" / "evaluate.json"
    stage = {
        "deps": [{"path": "random", "md5": "0"}, {"path": "data/models/all", "md5": dvcs(models)}],
        "outs": [
            {"path": "metrics/evaluate.json", "md5": hashlib.md5(metrics.read_bytes()).hexdigest()}
        ],
    }
    (project / "dvc.lock").write_text(yaml.safe_dump({"stages": {"evaluate": stage}}))


def dvcs(folder: Path) -> str:
    """What DVC itself calls this folder."""
    files = LocalFileSystem()
    cache = HashFileDB(files, str(folder.parent / "cache"))
    return build(cache, str(folder), files, "md5", dry_run=True)[2].hash_info.value


def own(project: Path, name: str = "basic.seed0.safetensors"):
    checkpoint = project / "data" / "models" / "all" / name
    return own_figures(checkpoint, "basic", project / "metrics" / "evaluate.json")


def refused(project: Path) -> None:
    with pytest.raises(StudyError, match="does not show that it judged basic") as caught:
        own(project)
    assert "\n" not in str(caught.value)


def test_a_folders_name_is_dvcs(project):
    models = project / "data" / "models" / "all"
    assert folder_md5(models) == dvcs(models)


def test_figures_of_the_judged_checkpoint_are_its_own(project):
    assert own(project) == {"basic": FIGURES["basic"], "bicubic": FIGURES["bicubic"]}


def test_a_copy_elsewhere_is_the_same_checkpoint(project, tmp_path_factory):
    copy = tmp_path_factory.mktemp("away") / "mine.safetensors"
    copy.write_bytes(b"trained")
    assert own_figures(copy, "basic", project / "metrics" / "evaluate.json") is not None


def test_a_checkpoint_trained_since_has_no_figures(project):
    (project / "data" / "models" / "all" / "basic.seed0.safetensors").write_bytes(b"again")
    refused(project)


def test_a_checkpoint_that_was_not_judged_has_no_figures(project, tmp_path_factory):
    other = tmp_path_factory.mktemp("away") / "basic.safetensors"
    other.write_bytes(b"other")
    with pytest.raises(StudyError, match=r"dvc\.lock does not show"):
        own_figures(other, "basic", project / "metrics" / "evaluate.json")


def test_edited_figures_are_not_taken(project):
    (project / "metrics" / "evaluate.json").write_text(json.dumps(FIGURES, indent=1))
    refused(project)


@pytest.mark.parametrize("text", [None, "", "a: [", "stages: {}", "stages: {evaluate: 3}"])
def test_without_a_record_nothing_is_known(project, text):
    (project / "dvc.lock").unlink()
    if text is not None:
        (project / "dvc.lock").write_text(text)
    refused(project)


def test_figures_that_nobody_asked_for_are_left_out_quietly(project, monkeypatch):
    monkeypatch.chdir(project)
    checkpoint = Path("data/models/all/basic.seed0.safetensors")
    assert own_figures(checkpoint, "basic", None) is not None
    assert own_figures(checkpoint, "vgg", None) is None
    (project / "dvc.lock").unlink()
    assert own_figures(checkpoint, "basic", None) is None
    (project / "metrics" / "evaluate.json").unlink()
    assert own_figures(checkpoint, "basic", None) is None


def test_missing_figures_that_were_named_are_one_line(project):
    (project / "metrics" / "evaluate.json").unlink()
    with pytest.raises(StudyError, match=r"evaluate\.json: missing"):
        own(project)
