"""Fixtures of a network whose outputs are known, for the tests of images and of upscaling."""

from pathlib import Path

import pytest
import torch
from tiny import CPU

from srcore.inference.network import Network
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """Two threads gain little here, and wait on each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bicubic() -> Network:
    """A network whose outputs are known: `subpixel` with heads of nothing gives bicubic."""
    model = model_class("subpixel")().eval()
    for parameter in model.heads.parameters():
        parameter.data.zero_()
    return Network(model, Card("subpixel", 0, {}), None)


@pytest.fixture(scope="session")
def checkpoint(bicubic, tmp_path_factory) -> Path:
    return save_checkpoint(bicubic.model, bicubic.card, tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def enlarged(bicubic):
    """Reads a file, enlarges it and writes it as the command does; gives what was written."""
    from srcore.images.read import read
    from srcore.images.write import save
    from srcore.upscale.enlarge import enlarge
    from srcore.upscale.plan import plan

    def run(path: Path, scale: int = 2, out: Path | None = None) -> Path:
        (job,) = plan([path], out, scale, overwrite=False, sheets=False).jobs
        save(enlarge(bicubic, read(path), scale, CPU), job.target, job.kind)
        return job.target

    return run
