"""Small studies of twelve images, to be spoilt: a folder of its own for every fault."""

import io
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from made_up_study import make_study
from photographs import FOLDER
from PIL import Image
from pipeline.conftest import new_clone

from faults.warm import DATA, Server
from srcore.models.registry import MODELS

ROOT = Path(__file__).parents[2]
PROGRAMS = ("dvc", "make", "pip", "python", "zizmor")
"""What is run under its own name; any other first word of a command is a stage."""
HOOKS = Path(__file__).parent / "hooks"
SIZES = [16, 32, 64]
SMALL: dict[str, Any] = {
    "model": "basic",
    "threads": 1,
    "device": "cpu",
    "data.source": "folder",
    "data.folder.path": "mine",
    "pyramid.sizes": SIZES,
    "split.validation": 3,
    "train.epochs": 1,
    "train.batch_size": 4,
    "compare.images": 1,
    "clip_analysis.images": 2,
}
BEFORE: dict[str, tuple[str, ...]] = {
    "resize_pyramids": ("download",),
    "split": ("resize_pyramids",),
    "fit_linear": ("split",),
    "describe_data": ("split",),
    "features vgg": ("resize_pyramids",),
    "train basic": ("split",),
    "train vgg": ("split", "features vgg"),
    "train_set all": ("train basic",),
    "evaluate": ("train basic", "fit_linear"),
    "compare": ("train basic", "fit_linear"),
    "clip_analysis": ("train basic", "fit_linear"),
    "benchmark": ("train basic", "fit_linear"),
}
"""Stage → the stages whose results it reads; report reads those of a made-up study."""


@dataclass(frozen=True)
class Tried:
    """How a command ended, and what it said."""

    code: int
    printed: str


def photograph(number: int) -> Image.Image:
    """One of many different images, 96 × 80 pixels."""
    left, top = 30 * number, 20 * number
    whole = Image.open(FOLDER / "astronaut.png").convert("RGB")
    return whole.crop((left, top, left + 96, top + 80))


def declared() -> dict[str, list[Path]]:
    """Stage, with its argument → what it writes, as both dvc.yaml files say."""
    found: dict[str, list[Path]] = {}
    for file in ("dvc.yaml", "stages/dvc.yaml"):
        for stage in yaml.safe_load((ROOT / file).read_text())["stages"].values():
            command = stage["cmd"].removeprefix("python -m stages.")
            outs = [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"]]
            found[command] = [Path(out) for out in outs]
    return found


OUTS = declared()


class Project:
    """A folder in which stages run; what a fault needs besides is undone by `close`."""

    def __init__(self, path: Path, lab: "Lab") -> None:
        self.path = path
        self.lab = lab
        self.stack = ExitStack()
        self.close = self.stack.close
        self.environment = {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{HOOKS}{os.pathsep}{path}",
            "DVC_NO_ANALYTICS": "1",
        }

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def set(self, key: str, value: Any) -> None:
        """Change a parameter in params.yaml."""
        params = self / "params.yaml"
        values = place = yaml.safe_load(params.read_text())
        *groups, last = key.split(".")
        for group in groups:
            place = place[group]
        place[last] = value
        params.write_text(yaml.safe_dump(values, sort_keys=False))

    def command(self, command: str) -> list[str]:
        stage, *arguments = shlex.split(command)
        if stage in PROGRAMS:
            return [stage, *arguments]
        if stage == "srcore":
            return [sys.executable, "-m", stage, *arguments]
        return [sys.executable, "-m", f"stages.{stage}", *arguments]

    def start(self, command: str, **options: Any) -> subprocess.Popen[str]:
        """Start a stage, or another program."""
        return subprocess.Popen(
            self.command(command),
            cwd=self.path,
            env=self.environment | options.pop("environment", {}),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )

    def run(self, command: str, *, environment: dict[str, str] | None = None) -> Tried:
        """Run a stage, or another program, to its end."""
        stage, *arguments = shlex.split(command)
        if stage in PROGRAMS:
            return self.run_cold(command)
        server = self.lab.light if stage in DATA else self.lab.heavy
        given = self.environment | (environment or {})
        return Tried(*server.run(self.path, [stage, *arguments], given))

    def run_cold(self, command: str, **options: Any) -> Tried:
        """Run it in a process of its own."""
        running = self.start(command, **options)
        printed, _ = running.communicate(timeout=300)
        return Tried(running.returncode, printed)

    def outputs(self, command: str) -> dict[str, bytes]:
        """What stands under the final names of a command's outputs: file → its bytes."""
        if command.startswith("dvc"):
            outs = [out for stage in BEFORE["describe_data"] for out in OUTS[stage]]
        else:
            outs = OUTS.get(command, [])
        files: dict[str, bytes] = {}
        for out in (self.path / out for out in outs):
            for file in [out] if out.is_file() else sorted(out.rglob("*")):
                if file.is_file():
                    files[str(file.relative_to(self.path))] = file.read_bytes()
        return files

    def halves(self) -> list[str]:
        """What a stage has begun to write and not put in place."""
        found = sorted(self.path.glob("[dmp]*/**/.*.????????.partial"))
        return [str(path.relative_to(self.path)) for path in found]


class Lab:
    """Undisturbed studies, each built once and as far as somebody asked, and copies of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, Any] = {}
        self.stack = ExitStack()
        self.close = self.stack.close
        self._done: set[tuple[str, str]] = set()
        self._count = 0

    def undisturbed(self, kind: str, command: str) -> Project:
        """A study in which `command` ran well; not to be changed."""
        project = self._kinds[kind]
        self._run_before(kind, command)
        if (kind, command) not in self._done:
            tried = project.run_cold(command)
            assert tried.code == 0, tried.printed
            self._done.add((kind, command))
        return project

    def project(self, kind: str, command: str) -> Project:
        """A copy in which all ran that `command` needs; what it writes itself is not there."""
        self._run_before(kind, command)
        self._count += 1
        path = self.folder / f"{self._count:03d}"
        shutil.copytree(self._kinds[kind].path, path, symlinks=True)
        shutil.rmtree(path / ".resume", ignore_errors=True)
        for out in OUTS.get(command, []):
            if (path / out).is_dir():
                shutil.rmtree(path / out)
            (path / out).unlink(missing_ok=True)
        return Project(path, self)

    def _run_before(self, kind: str, command: str) -> None:
        for earlier in BEFORE.get(command, ()):
            self.undisturbed(kind, earlier)
        if command == "train_set all":
            pretend_all_trained(self._kinds[kind])

    @cached_property
    def _kinds(self) -> "Kinds":
        return Kinds(self)

    @cached_property
    def light(self) -> Server:
        """Runs the stages that do without torch."""
        return self._opened(DATA)

    @cached_property
    def heavy(self) -> Server:
        """Runs all others."""
        return self._opened(tuple({name.split()[0] for name in OUTS} - set(DATA)))

    def _opened(self, stages: tuple[str, ...]) -> Server:
        server = Server(ROOT, stages)
        self.stack.callback(server.close)
        return server


class Kinds(dict[str, Project]):
    """Kind of study → one in which nothing was run, made when it is first asked for."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab

    def __missing__(self, kind: str) -> Project:
        path = self.lab.folder / kind
        self[kind] = project = Project(path, self.lab)
        if kind == "dvc":
            new_clone(ROOT, path)
        else:
            _bare(path)
        images = path / "mine"
        images.mkdir()
        for number in range(12):
            photograph(number).save(images / f"{number:02d}.png")
        for key, value in SMALL.items():
            project.set(key, value)
        match kind:
            case "dvc":
                tried = project.run("dvc repro split")
                assert tried.code == 0, tried.printed
            case "voc":
                pack_voc(images, path / "voc.tar")
                project.set("data.source", "voc2007")
                project.set("data.voc2007.archive", "voc.tar")
            case "made up":
                (path / "params.yaml").unlink()
                make_study(path, ROOT / "params.yaml", side=16, epochs=3)
        return project


def _bare(path: Path) -> None:
    (path / "data").mkdir(parents=True)
    for name in ("srcore", "stages"):
        (path / name).symlink_to(ROOT / name)
    for name in ("data/none", "random", "pretrained", "data/report_losses.csv", "params.yaml"):
        shutil.copy(ROOT / name, path / name)


def pack_voc(images: Path, path: Path, mode: str = "w") -> None:
    """Write an archive with the layout of VOC2007's."""
    with tarfile.open(path, mode) as archive:
        for file in sorted(images.iterdir()):
            data = io.BytesIO()
            Image.open(file).save(data, "JPEG", quality=95)
            name = f"VOCdevkit/VOC2007/JPEGImages/{file.stem}.jpg"
            add_member(archive, name, data.getvalue())


def add_member(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Append a file to an open tar archive."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def pretend_all_trained(project: Project) -> None:
    """Give every model the checkpoint of one, for a stage that only copies."""
    for name in MODELS:
        target = project / f"data/models/{name}"
        if not target.exists():
            shutil.copytree(project / "data/models/basic", target)
            for file in target.glob("basic.*"):
                file.rename(target / file.name.replace("basic", name))
