"""The stages of the data in processes of their own; `tests/faults` spoils them in warm ones."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made import encoded, noise
from PIL import Image
from ruamel.yaml import YAML

from srcore.common.reading import read_json
from srcore.common.tables import read_table

STAGES = ("download", "resize_pyramids", "split", "describe_data")


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    for name in ("srcore", "stages"):
        (tmp_path / name).symlink_to(root / name)
    shutil.copy(root / "params.yaml", tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/none").touch()
    change(tmp_path, "data", limit=12)
    return tmp_path


def change(project: Path, group: str, **values: object) -> None:
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    params[group].update(values)
    yaml.dump(params, project / "params.yaml")


def stage(project: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"stages.{name}"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_from_the_sample_to_the_sheet(project: Path):
    for name in STAGES:
        run = stage(project, name)
        assert (run.returncode, run.stderr) == (0, ""), name
    figures = read_json(project / "metrics/dataset.json")
    counts = ["source", "images", "groups", "rejected", "small"]
    assert list(figures)[:5] == counts
    assert figures["images"] == 12
    assert sum(figures[part]["images"] for part in figures if part not in counts) == 12
    sides = read_table(project / "plots/dataset.csv", {"side": str, "min": float}, "")
    assert sides["side"].tolist() == ["width", "height"]
    assert (sides["min"] >= 288).all()
    assert Image.open(project / "plots/samples.png").width > 1000
    assert sorted(path.name for path in (project / "data").iterdir()) == [
        "none", "pyramids", "raw", "split",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_mistake_is_one_line_and_exit_code_1(project: Path):
    images = project / "mine"
    images.mkdir()
    change(project, "data", source="folder", folder={"path": str(images)})
    run = stage(project, "download")
    assert (run.returncode, run.stderr) == (1, "error: data.source = folder: no usable image\n")
    for seed in range(3):
        (images / f"{seed}.png").write_bytes(encoded(noise(300, 300, seed)))
    for name in STAGES[:2]:
        assert stage(project, name).returncode == 0
    change(project, "split", validation=3)
    run = stage(project, "split")
    assert run.returncode == 1
    assert run.stderr == (
        "error: split.validation = 3: there are 3 images, so choose 1 to 2, or a share\n"
    )
    run = stage(project, "describe_data")
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1


def small_files_only() -> None:
    """Make the system refuse files beyond 300 kB, as a full disk refuses them."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["download", "resize_pyramids"])
def test_a_full_disk_is_one_line_and_spoils_nothing(project: Path, name: str):
    before = STAGES[: STAGES.index(name)]
    assert [stage(project, earlier).returncode for earlier in before] == [0] * len(before)
    command = [sys.executable, "-m", f"stages.{name}"]
    run = subprocess.run(
        command,
        cwd=project,
        capture_output=True,
        text=True,
        preexec_fn=small_files_only,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert len(list((project / "data").iterdir())) == 1 + len(before)
    assert stage(project, name).returncode == 0


@pytest.mark.slow
def test_after_a_killed_run_the_next_succeeds(project: Path):
    command = [sys.executable, "-m", "stages.download"]

    def begun() -> list[Path]:
        return list((project / "data").glob(".raw.*.partial"))

    with subprocess.Popen(command, cwd=project) as killed:
        while not begun():
            assert killed.poll() is None
            time.sleep(0.005)
        killed.kill()
    assert begun()
    assert not (project / "data/raw").exists()
    assert stage(project, "download").returncode == 0
    assert not begun()
