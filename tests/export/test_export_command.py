"""The command as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from srcore.cli import app
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class


def srcore(root: Path, *args: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "srcore", *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_export_writes_a_file_and_its_card(root, tmp_path):
    torch.manual_seed(0)
    save_checkpoint(model_class("basic")(), Card("basic", 0, {}), tmp_path)
    done = srcore(root, "export", "basic.seed0.safetensors", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("basic.seed0.onnx: basic, 0.2 MB")
    assert lines[1].startswith("largest difference to torch: ")
    assert lines[2:] == ["basic.seed0.md: its card"]
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["basic.seed0.md", "basic.seed0.onnx", "basic.seed0.safetensors"]


@pytest.mark.slow
def test_a_mistake_is_one_line_and_exit_code_1(root, tmp_path):
    done = srcore(root, "export", "no.safetensors", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "error: no.safetensors: no such checkpoint\n"
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_help_needs_no_torch(root, tmp_path):
    done = srcore(root, "export", "--help", folder=tmp_path)
    assert done.returncode == 0
    assert "--weights" in done.stdout


def test_too_little_memory_is_reported_in_words_of_the_command(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 byte")

    monkeypatch.setattr("srcore.export.command.export", full)
    result = CliRunner().invoke(app, ["export", str(tmp_path / "a.safetensors")])
    assert str(result.exception) == (
        "error: not enough memory to export; close other programs, or use a larger machine"
    )
