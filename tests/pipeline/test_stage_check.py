"""What the stage `check` refuses, which DVC or a train stage would meet only after hours."""

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml
from imports import imported_by
from tiny import CPU, tiny_network

from srcore.common.errors import StudyError
from srcore.models.checkpoint import save_checkpoint
from srcore.params import load_params
from srcore.training.machines import check_machines

NODES = ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture
def project(root, tmp_path, monkeypatch) -> Path:
    """A folder with all that `check` reads."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/none").touch()
    (tmp_path / "params.yaml").write_text((root / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(root)
    for name in NODES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run() -> None:
    import_module("stages.check").run()


def given(project: Path, **values: object) -> None:
    """Set parameters, named as in `train__recipe`."""
    params = yaml.safe_load((project / "params.yaml").read_text())
    for key, value in values.items():
        *groups, last = key.split("__")
        group = params
        for name in groups:
            group = group[name]
        group[last] = value
    (project / "params.yaml").write_text(yaml.safe_dump(params))


def refused() -> str:
    with pytest.raises(StudyError) as caught:
        run()
    assert not Path("data/checked.json").exists()
    return str(caught.value)


def test_the_committed_parameters_pass(project):
    run()
    assert (project / "data/checked.json").exists()


@pytest.mark.parametrize("recipe", ["modern", "report"])
def test_a_network_that_is_a_recipe_has_no_other(project, recipe):
    """By its name in the table, not that of its class."""
    given(project, model="ablation", train__recipe=recipe)
    assert refused().startswith(
        f"train.recipe = {recipe}: subpixel_report_loss has a recipe as its only difference; set"
    )


def test_one_model_alone_is_looked_at(project):
    given(project, model="subpixel", train__recipe="modern")
    run()


def test_machines_that_do_not_know_each_other(project, monkeypatch):
    given(project, trainer__nodes=3)
    assert refused().startswith("trainer.nodes = 3: set MASTER_ADDR, MASTER_PORT, NODE_RANK on")
    for name in NODES:
        monkeypatch.setenv(name, "1")
    run()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NODE_RANK", "first"),
        ("NODE_RANK", "3"),
        ("NODE_RANK", "0000000005"),
        ("MASTER_PORT", "99x"),
        ("MASTER_PORT", "65536"),
        ("MASTER_PORT", "0"),
    ],
)
def test_a_number_of_a_machine_that_is_none(project, monkeypatch, name, value):
    given(project, trainer__nodes=3)
    for each in NODES:
        monkeypatch.setenv(each, "1")
    monkeypatch.setenv(name, value)
    assert refused().startswith(f"{name} = {value}: must be a whole number from ")


def test_folders_too_deep_for_dvc(project):
    project.joinpath("deep", *"a" * 150).mkdir(parents=True)
    given(project, data__folder__path="deep")
    assert "is more than 100 folders deep, which DVC cannot read; take it out" in refused()


@pytest.mark.parametrize(("kind", "devices"), [("cuda", 4), ("mps", 2)])
def test_more_devices_than_the_machine_has(root, monkeypatch, kind, devices):
    monkeypatch.chdir(root)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    trainer = load_params().trainer.model_copy(update={"devices": devices})
    check_machines(CPU, trainer)
    with pytest.raises(StudyError, match=r"^trainer\.devices"):
        check_machines(torch.device(kind), trainer)


@pytest.mark.parametrize(
    "key", ["data__voc2007__archive", "data__folder__path", "benchmark__checkpoints"]
)
def test_a_pipe_that_dvc_would_wait_at(project, key):
    os.mkfifo(project / "pipe")
    given(project, **{key: "pipe"})
    assert refused() == (
        f"{key.replace('__', '.')}: pipe is a pipe or a device, not a file, which DVC cannot read; "
        "name another file or folder"
    )


@pytest.mark.parametrize("key", ["benchmark__folder", "benchmark__checkpoints"])
def test_a_pipe_within_a_folder(project, key):
    (project / "mine").mkdir()
    os.mkfifo(project / "mine/pipe")
    given(project, **{key: "mine"})
    assert "mine/pipe is a pipe" in refused()


def test_files_and_folders_pass(project):
    network = tiny_network("basic")
    path = save_checkpoint(network.model, network.card, project / "mine")
    for place in ("mine", path.relative_to(project)):
        given(project, benchmark__checkpoints=str(place), data__voc2007__archive="data/none")
        run()


def test_checkpoints_that_the_benchmark_would_refuse(project, monkeypatch):
    """It would do so after the model set is trained."""
    folder = project / "mine"
    folder.mkdir()
    given(project, benchmark__checkpoints="mine")
    assert refused().startswith("benchmark.checkpoints = mine: holds no .safetensors directly")
    torch.save({}, folder / "a.pth")
    assert refused().startswith("mine/a.pth: is no safetensors file; save it as one, or have")
    given(project, benchmark__pickles=True)
    monkeypatch.setitem(sys.modules, "spandrel", None)
    assert refused().startswith("mine/a.pth: networks of others need spandrel; install it: ")
    monkeypatch.setitem(sys.modules, "spandrel", ModuleType("spandrel"))
    run()


def test_it_starts_without_what_trains():
    assert not {"lightning_fabric", "pandas", "matplotlib"} & imported_by("import stages.check")
