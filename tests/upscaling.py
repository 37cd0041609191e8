"""Fixtures of a network whose outputs are known, for the tests of images and of upscaling."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import CPU
from typer.testing import CliRunner

from srcore.cli import app
from srcore.images.raster import Kept, Raster, raster_of
from srcore.images.write import save
from srcore.inference.network import Network
from srcore.inference.tiles import TILE
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class
from srcore.upscale.enlarge import enlarge_rows


def enlarge(
    network: Network, image: Raster, scale: float, device: torch.device, *, tile: int = TILE
) -> Raster:
    """Enlarge an image by a factor, all of it in memory."""
    width, height = image.size
    size = round(scale * width), round(scale * height)
    return raster_of(enlarge_rows(network, image, size, device, tile=tile))


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
    from srcore.upscale.plan import plan
    from srcore.upscale.size import Size

    def run(path: Path, scale: float = 2, out: Path | None = None) -> Path:
        found = plan([path], out, Size(scale))
        assert found.failed == []
        (job,) = found.jobs
        save(enlarge_rows(bicubic, read(path), job.size, CPU), job.target, job.kind)
        return job.target

    return run


@pytest.fixture
def upscale(checkpoint):
    """Runs the command; gives its exit code and the lines it says."""

    def run(*arguments: object, given=checkpoint) -> tuple[int, list[str]]:
        argv = [*map(str, arguments), "--checkpoint", str(given), "--device", "cpu"]
        result = CliRunner().invoke(app, ["upscale", *argv])
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        code, printed = result.exit_code, result.stderr
        if isinstance(result.exception, SystemExit) and isinstance(result.exception.code, str):
            code, printed = 1, f"{printed}{result.exception.code}"
        return code, printed.splitlines()

    return run


def save_png16(channels: np.ndarray, kept: Kept, path: Path) -> None:
    """Write (H, W, C) of 16 bits as PNG; of 2 or 4 channels the last is alpha."""
    colours = 1 if channels.shape[2] < 3 else 3
    alpha = channels[..., -1] if channels.shape[2] in (2, 4) else None
    save(Raster(channels[..., :colours], alpha, kept), path, "PNG")
