"""Several processes train what one would; only the first of them writes."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from commands import as_shown
from lightning_fabric import Fabric
from ruamel.yaml import YAML
from safetensors.torch import load_file
from tiny import CPU, tiny_pyramids

from srcore.common.errors import StudyError
from srcore.models.checkpoint import load_checkpoint
from srcore.params.schema import Trainer
from srcore.training.distributed import (
    check_same_on_all_ranks,
    is_rank_zero,
    launch,
    rank_zero_only,
)
from srcore.training.machines import check_machines

COUNT, HELD_OUT = 9, 2
FIRST = "NODE_RANK=0 MASTER_ADDR=10.0.0.1 MASTER_PORT=29500 dvc repro stages/dvc.yaml:train_vgg"
SECOND = "NODE_RANK=1 MASTER_ADDR=10.0.0.1 MASTER_PORT=29500 python -m stages.train vgg"


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """A folder in which `stages.train` finds all it reads: tiny pyramids and a split."""
    for name in ("srcore", "stages"):
        (tmp_path / name).symlink_to(root / name)
    for name in ("pyramids", "split"):
        (tmp_path / "data" / name).mkdir(parents=True)
    pyramids = tiny_pyramids(COUNT)
    for size, level in zip(
        pyramids.sizes, (pyramids.low, pyramids.mid, pyramids.large), strict=True
    ):
        np.save(tmp_path / f"data/pyramids/{size}.npy", level)
    index = {"name": pyramids.names, "group": pyramids.groups, "labels": "", "width": 9}
    pd.DataFrame(index).assign(height=9).to_csv(tmp_path / "data/pyramids/index.csv", index=False)
    names = list(pyramids.names)
    sides = {"train": names[HELD_OUT:], "validation": names[:HELD_OUT], "test": []}
    (tmp_path / "data/split/split.json").write_text(json.dumps(sides))
    for word in ("random", "pretrained", "data/none"):
        (tmp_path / word).touch()
    return tmp_path


def configure(root: Path, project: Path, **trainer: object) -> None:
    """Write params.yaml: a very small training, and some settings of `trainer`."""
    params = YAML(typ="safe").load(root / "params.yaml")
    params["train"] |= {"epochs": 2, "batch_size": 3, "lr": 0.0005}
    params["subpixel"] |= {"batch_size": 3, "lr": 0.0005, "average": 0.5}
    params["threads"] = 1
    params["trainer"] |= trainer
    with (project / "params.yaml").open("w") as file:
        YAML().dump(params, file)


def stage(project: Path, name: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.train", name]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, **options)


def trained(root: Path, project: Path, name: str, **trainer: object) -> Path:
    """Run the stage with some settings of `trainer`; the folder it wrote, moved aside."""
    configure(root, project, **trainer)
    done = stage(project, name)
    assert done.returncode == 0, done.stderr
    epochs = [line for line in done.stderr.splitlines() if line.startswith("epoch")]
    assert len(epochs) == 2, f"one process alone tells of its epochs\n{done.stderr}"
    assert not any(project.glob(".resume/*/*.state"))
    aside = project / "-".join([name, *map(str, trainer.values())])
    shutil.move(project / "data/models" / name, aside)
    return aside


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multi", "subpixel"])
def test_two_processes_train_the_weights_of_one(root, project, name):
    """7 images in batches of 3: uneven shares, and in the last batch none for one process."""
    one = trained(root, project, name)
    two = trained(root, project, name, devices=2)
    weights, others = (load_file(folder / f"{name}.seed0.safetensors") for folder in (one, two))
    for key, value in weights.items():
        torch.testing.assert_close(others[key], value, atol=1e-5, rtol=0)
    histories = [pd.read_csv(folder / f"{name}.seed0.history.csv") for folder in (one, two)]
    pd.testing.assert_frame_equal(*histories, atol=2e-4)


@pytest.mark.slow
def test_two_machines_train_the_weights_of_one(root, project, tmp_path):
    """The commands of docs/machines.md, side by side; neither sees the other's folder."""
    one = trained(root, project, "multi")
    configure(root, project, nodes=2)
    other = tmp_path / "other"
    shutil.copytree(
        project, other, symlinks=True, ignore=shutil.ignore_patterns("other", ".resume")
    )
    shutil.rmtree(other / one.name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    stage = {"10.0.0.1": "127.0.0.1", "29500": port}
    first = as_shown(
        FIRST, stage | {"dvc repro stages/dvc.yaml:train_vgg": "python -m stages.train multi"}
    )
    second = as_shown(SECOND, stage | {"vgg": "multi"})
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    machines = [
        subprocess.Popen(["bash", "-c", command], cwd=folder, env=os.environ | {"PATH": path})
        for command, folder in ((first, project), (second, other))
    ]
    assert [machine.wait(120) for machine in machines] == [0, 0]
    assert list((other / "data/models").iterdir()) == []
    assert not (other / ".resume").exists()
    weights = load_file(one / "multi.seed0.safetensors")
    others = load_file(project / "data/models/multi/multi.seed0.safetensors")
    for key, value in weights.items():
        torch.testing.assert_close(others[key], value, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_mixed_precision_trains_nearly_the_same(root, project):
    exact = trained(root, project, "multi")
    mixed = trained(root, project, "multi", precision="bf16-mixed")
    weights, others = (load_file(f / "multi.seed0.safetensors") for f in (exact, mixed))
    assert any(not others[key].equal(value) for key, value in weights.items())
    loss, other = (pd.read_csv(f / "multi.seed0.history.csv").loss for f in (exact, mixed))
    np.testing.assert_allclose(loss, other, rtol=0.02)
    _, card = load_checkpoint(mixed / "multi.seed0.safetensors")
    assert (card.trained["precision"], card.trained["processes"]) == ("bf16-mixed", 1)


def test_only_the_first_process_of_the_first_machine_writes(monkeypatch):
    """A process that trains alone writes whatever a job system left in its environment."""
    asked = Trainer(devices=2, nodes=2, precision="32-true")

    def entered() -> bool:
        with rank_zero_only(asked, nullcontext(True)) as value:
            return value is True

    for variables, first in [
        ({}, True),
        ({"LOCAL_RANK": "0", "NODE_RANK": "0"}, True),
        ({"LOCAL_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "GROUP_RANK": "2"}, False),
    ]:
        with monkeypatch.context() as environment:
            for key in ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK"):
                environment.delenv(key, raising=False)
            for key, value in variables.items():
                environment.setenv(key, value)
            assert is_rank_zero(asked) == entered() == first
            assert is_rank_zero(Trainer(devices=1, nodes=1, precision="32-true"))


def test_more_devices_than_there_are_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    asked = Trainer(devices=4, nodes=1, precision="32-true")
    with pytest.raises(StudyError, match=r"trainer\.devices = 4: this machine has 1"):
        launch(torch.device("cuda"), asked)
    with pytest.raises(StudyError, match="mps is one device"):
        launch(torch.device("mps"), asked)


def test_machines_that_do_not_know_each_other_are_one_line(monkeypatch):
    monkeypatch.setenv("NODE_RANK", "0")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    monkeypatch.delenv("MASTER_PORT", raising=False)
    asked = Trainer(devices=1, nodes=2, precision="32-true")
    with pytest.raises(StudyError, match=r"nodes = 2: set MASTER_ADDR, MASTER_PORT on every"):
        launch(CPU, asked)


@pytest.mark.parametrize("name", ["NODE_RANK", "GROUP_RANK"])
def test_the_only_machine_is_the_first(monkeypatch, name):
    """A number left over from another training: no process would write."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(StudyError, match=rf"^{name} = 1: there is one machine .*; unset it$"):
        check_machines(CPU, Trainer(devices=2, nodes=1, precision="32-true"))
    check_machines(CPU, Trainer(devices=1, nodes=1, precision="32-true"))


def test_one_process_minds_no_job_system(monkeypatch):
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.setenv("SLURM_JOB_NAME", "job")
    fabric = launch(CPU, Trainer(devices=1, nodes=1, precision="32-true"))
    assert (fabric.global_rank, fabric.world_size) == (0, 1)


@pytest.mark.slow
def test_what_goes_wrong_is_reported_once(root, project):
    """By both processes' data (a batch larger than the set), and by the writing of the first."""
    configure(root, project, devices=2)
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("batch_size: 3", "batch_size: 99"))
    done = stage(project, "multi")
    assert done.returncode == 1
    assert done.stderr == "error: train.batch_size = 99: there are 7 training images\n"
    (project / "params.yaml").write_text(text)
    done = stage(project, "multi", preexec_fn=small_files_only)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1


def small_files_only() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def test_other_data_on_another_machine_are_refused(monkeypatch):
    fabric = Fabric(accelerator="cpu", devices=1)
    monkeypatch.setattr(fabric, "broadcast", lambda value: value | {"data": "0"})
    with pytest.raises(StudyError, match="the data of this training are not those of the first"):
        check_same_on_all_ranks({"data": "1", "seed": 0}, fabric)
