"""What the docs promise: a photograph of 1200 × 800 pixels, ×4, in less than 2 GB."""

import os
import subprocess
import sys

import pytest
from photographs import FOLDER
from PIL import Image
from tiny import CPU

from srcore.checkpoint import Card, save_checkpoint
from srcore.frozen.extractor import load_extractor
from srcore.models import model_class


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dilated", "vgg", "clip"])
def test_a_photograph_needs_less_than_2_gb(tmp_path, name):
    """The three that need most; the highest point of the process as the system counts it."""
    with Image.open(FOLDER / "chelsea.png") as image:
        image.convert("RGB").resize((1200, 800)).save(tmp_path / "a.jpg")
    model = model_class(name)()
    frozen = load_extractor(model.frozen, "random", CPU) if model.frozen else None
    label, fingerprint = (frozen.label, frozen.fingerprint) if frozen else (None, None)
    path = save_checkpoint(model, Card(name, 0, {}, label, fingerprint), tmp_path)
    command = [sys.executable, "-m", "srcore", "upscale", str(tmp_path / "a.jpg")]
    command += ["--checkpoint", str(path), "--device", "cpu"]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said = started.stderr.read()
    _, status, used = os.wait4(started.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said
    with Image.open(tmp_path / "a.x4.jpg") as image:
        assert image.size == (4800, 3200)
    assert used.ru_maxrss / 1024 < 2000  # Linux counts in KiB
