"""The real DVC command line in temporary clones of this working tree, on a very small study."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import as_shown
from photographs import arrays
from PIL import Image

SMALL = {
    "crops: 99 ": "crops: 16 ",
    "epochs: 33": "epochs: 1",
    "batch_size: 2 ": "batch_size: 4 ",
    "  images: 4  ": "  images: 2  ",
    "  images: 8  ": "  images: 2  ",
    "  steps: 96000 ": "  steps: 2 ",
    "batch_size: 32 ": "batch_size: 4 ",
    "crop: 48 ": "crop: 12 ",
    "seeds: [0, 1, 2, 3, 4]": "seeds: [0, 1]",
    "report_seeds: [0, 1, 2]": "report_seeds: [0]",
    "  epochs: 10 ": "  epochs: 1 ",
    "report_epochs: 51": "report_epochs: 1",
}
"""Edits of params.yaml that make a study of a minute."""

Shell = Callable[..., str]

CLONES = {"clone", "built", "built_once", "one_model", "imports", "study"}
"""Fixtures in which DVC runs: whatever takes one is marked `dvc`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if here in item.path.parents and CLONES & fixtures:
            item.add_marker(pytest.mark.dvc)


RECORDER = """
import atexit, os, sys

def record():
    command = sys.argv[0].rpartition("/")[2].removesuffix(".py")
    name = "_".join([command, *sys.argv[1:]])
    modules = sorted(m for m in sys.modules if m.split(".")[0] == "srcore")
    if command and os.path.dirname(sys.argv[0]).endswith("stages"):
        with open(os.path.join(os.environ["SRCORE_RECORD"], name), "w") as file:
            file.write("\\n".join(modules))

atexit.register(record)
"""
"""Python runs this (as sitecustomize) in every stage: it notes the modules that were imported."""


class Clone:
    """A git and DVC repository of its own, with the commands of a user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = {
            # A make of its own is not told what the one that runs the tests was told.
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
        }

    def run(self, *command: str, ok: bool = True, **environment: str) -> str:
        """Run a command in the clone; give stdout and stderr together."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert (done.returncode == 0) == ok, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.path / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))

    def commit(self, message: str = "change") -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def at(self, path: Path) -> "Clone":
        """The same user in another folder."""
        return Clone(path)

    def copy(self, path: Path) -> "Clone":
        shutil.copytree(self.path, path, symlinks=True)
        return Clone(path)


def new_clone(root: Path, path: Path) -> Clone:
    """A repository with the files of the working tree, committed, and no result."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, path / name)
    clone = Clone(path)
    clone.run("git", "init", "--quiet", "--initial-branch", "main")
    clone.run("git", "config", "user.email", "test@example.org")
    clone.run("git", "config", "user.name", "test")
    for old, new in SMALL.items():
        clone.edit("params.yaml", old, new)
    clone.commit("start")
    return clone


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Clone:
    """A fresh clone in which nothing was run."""
    return new_clone(root, tmp_path / "clone")


class Recording(Clone):
    """A fresh clone in which every stage notes what it imports."""

    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__(new_clone(root, folder / "clone").path)
        self._notes = folder / "imports"
        self._notes.mkdir()
        (folder / "python").mkdir()
        (folder / "python" / "sitecustomize.py").write_text(RECORDER)
        self.environment |= {
            "PYTHONPATH": str(folder / "python"),
            "SRCORE_RECORD": str(self._notes),
        }

    @property
    def imports(self) -> dict[str, set[str]]:
        """Stage, with its arguments → the modules of the project that it imported."""
        return {file.name: set(file.read_text().split()) for file in self._notes.iterdir()}


@pytest.fixture(scope="session")
def built_once(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A clone in which everything was run and committed, once for all tests; do not change it."""
    folder = tmp_path_factory.mktemp("study")
    clone = Recording(root, folder)
    (folder / "images" / "Set1").mkdir(parents=True)
    Image.fromarray(arrays()[2]).save(folder / "images" / "Set1" / "a.png")
    clone.edit("params.yaml", "  folder: data/none", f"  folder: {folder / 'images'}")
    clone.run("dvc", "repro")
    for outside in ("train_ablation", "train_shipped", "benchmark", "ideas"):
        clone.run("dvc", "repro", f"stages/dvc.yaml:{outside}")
    clone.commit("built")
    return clone


@pytest.fixture
def built(built_once: Clone, tmp_path: Path) -> Clone:
    """A copy of the built clone, to change at will."""
    return built_once.copy(tmp_path / "clone")


@pytest.fixture(scope="session")
def one_model(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, str]:
    """A clone in which one model was trained and judged, and what DVC printed.

    What is drawn of the figures, and CLIP's text tower, take as long again: see `built_once`.
    """
    clone = Recording(root, tmp_path_factory.mktemp("one"))
    return clone, clone.run("dvc", "exp", "run", "-S", "model=vgg", "evaluate", "describe_data")


@pytest.fixture
def shell(built) -> Shell:
    """A shell in the built clone, with the environment that `make` would have installed.

    It holds the packages and programs of the environment of the tests; nothing is downloaded.
    """
    environment = built.path / ".venv"
    venv.create(environment, with_pip=False, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name in ("dvc", "pre-commit", "pytest", "srcore"):
        if program := shutil.which(name, path=str(Path(sys.executable).parent)):
            (environment / "bin" / name).symlink_to(program)
    for name in ("installed", "installed-dev"):
        (environment / name).touch()
    activated = as_shown(". .venv/bin/activate")

    def typed(command: str, replaced: dict[str, str] | None = None, more: str = "") -> str:
        return built.run("bash", "-c", f"{activated} && {as_shown(command, replaced)} {more}")

    return typed
