import os
import subprocess
import sys

import pytest
import torch

from srcore import load_network
from srcore.common.device import pick_device, prepare
from srcore.common.errors import StudyError


@pytest.fixture
def machine(monkeypatch):
    """Pretend that these kinds of device are there."""

    def pretend(*kinds: str) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in kinds)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in kinds)

    return pretend


@pytest.fixture
def _restored(monkeypatch):
    """Undo the process-wide switches that `prepare` sets; that of memory cannot be undone."""
    monkeypatch.setattr("srcore.common.device._keep_freed_memory", lambda: None)
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before = torch.get_num_threads(), torch.backends.cudnn.benchmark
    tf32 = torch.backends.cudnn.allow_tf32
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before[0])
    torch.backends.cudnn.benchmark = before[1]
    torch.backends.cudnn.allow_tf32 = tf32
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


@pytest.mark.parametrize(
    ("there", "expected"),
    [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda"), (("cuda", "mps"), "cuda")],
)
def test_auto_takes_the_best_that_is_there(machine, there, expected):
    machine(*there)
    assert pick_device("auto").type == expected


@pytest.mark.parametrize("name", ["cpu", "cuda", "mps"])
def test_a_named_device_that_is_there_is_taken(machine, name):
    machine("cuda", "mps")
    assert pick_device(name).type == name


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_named_device_that_is_not_there_is_one_clear_line(machine, name):
    machine()
    with pytest.raises(StudyError, match=rf"^device = {name}: .*(auto|cpu)") as caught:
        pick_device(name)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("_restored")
def test_prepare_sets_threads_and_determinism():
    torch.backends.cudnn.benchmark = True
    assert prepare("cpu", 1) == torch.device("cpu")
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    prepare("cpu", 2)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("pick", [lambda: prepare("cpu", 1), lambda: load_network(device="cpu")])
def test_float32_is_float32_on_a_gpu_too(pick):
    """In stages, and where a user enlarges an image."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    pick()
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.usefixtures("_restored")
def test_prepare_keeps_a_workspace_that_the_user_set(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    prepare("cpu", 1)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


@pytest.mark.usefixtures("_restored")
def test_prepare_refuses_a_missing_device(machine):
    machine()
    with pytest.raises(StudyError, match="cuda"):
        prepare("cuda", 1)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_what_a_step_frees_is_kept_for_the_next(root):
    """In a process of its own: the page faults of a second step that needs as much."""
    step = (
        "import resource, torch, srcore.common.device as device; device.prepare('cpu', 1)\n"
        "def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "def step(): return len([torch.ones(2_000_000) for _ in range(20)])\n"
        "step(); before = faults(); step(); print(faults() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", step], cwd=root, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 15_000, "160 MB are 39,000 pages; where they lie differs a little"
