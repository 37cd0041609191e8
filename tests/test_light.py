"""Enlarging images needs few packages: the others come with extras, and are not even imported."""

import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from photographs import arrays
from PIL import Image
from tiny import CPU

from srcore.features.extractor import load_extractor
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].lower() in {left}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv[0] = "srcore"
from srcore.cli import app
app()
"""
"""The command as it is where only what enlarging needs is installed."""
MODULES = {
    "open_clip_torch": "open_clip",
    "lightning-fabric": "lightning_fabric",
    "ruamel.yaml": "ruamel",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}
"""Packages whose module has another name."""


def modules_of(requirements: list[str]) -> set[str]:
    names = {re.split(r"[<>=\[; ]", line)[0] for line in requirements}
    return {MODULES.get(name, name).lower() for name in names}


def closure(requirements: list[str]) -> set[str]:
    """Names of the packages that come with these, themselves among them."""
    found, todo = set[str](), [Requirement(line) for line in requirements]
    while todo:
        wanted = todo.pop()
        if wanted.name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found.add(wanted.name)
        todo += [Requirement(line) for line in requires(wanted.name) or []]
    return found


@pytest.fixture
def light(root):
    """Runs the command without the packages of the extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needed = modules_of([*closure(project["dependencies"])])
    extras = project["optional-dependencies"]
    left = modules_of(extras["study"] + extras["export"] + extras["test"]) - needed - {"srcore"}
    assert {"dvc", "pandas", "matplotlib", "torchvision", "scipy", "tifffile"} <= left

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT.format(left=left), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
@pytest.mark.slow
def test_images_are_enlarged_without_the_extras(light, tmp_path, ending):
    Image.fromarray(arrays()[2][:20, :31]).save(tmp_path / f"a.{ending}")
    done = light("upscale", tmp_path / f"a.{ending}")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / f"a.x4.{ending}") as image:
        assert image.size == (124, 80)


@pytest.mark.slow
def test_a_command_that_lacks_an_extra_says_which(light, tmp_path):
    Image.fromarray(arrays()[2][:20, :31]).save(tmp_path / "a.png")
    hint = "is not installed; it comes with the extra `{0}`: in the project's folder, "
    hint += 'pip install -c constraints.txt -e ".[{0}]"'
    done = light("upscale", tmp_path / "a.png", "--compare")
    assert done.returncode == 1
    assert f"matplotlib {hint.format('study')}" in done.stderr
    extractor = load_extractor("vgg", "random", CPU)
    card = Card("vgg", 0, {}, extractor.label, extractor.fingerprint)
    path = save_checkpoint(model_class("vgg")(), card, tmp_path)
    done = light("upscale", tmp_path / "a.png", "--checkpoint", path)
    assert done.stderr == f"error: torchvision {hint.format('study')}\n"
    done = light("export", path, "--out", tmp_path / "a.onnx")
    assert done.returncode == 1
    assert "[export]" in done.stderr or "pip install onnx" in done.stderr


def test_help_is_quick():
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "srcore", "--help"], check=True, capture_output=True)
        return time.perf_counter() - start

    bare = min(_bare() for _ in range(5))
    assert min(seconds() for _ in range(5)) - bare < 0.3


def _bare() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start
