"""Bytes of whatever the commands read, mutated: one line or a result, in time, and nothing else.

The examples are drawn from a fixed seed: a failure comes again. `SRCORE_SEED` draws others.
"""

import hashlib
import json
import os
import shlex
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from faults.archives import zip_from_tar
from faults.project import Lab, Project, pack_voc, photograph
from faults.warm import DATA
from faults.weights import CHECKPOINT, FILE, tensors
from faults.weights import save as save_tensors
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SECONDS, MEMORY = 5, 1 << 30
EXAMPLES = int(os.environ.get("SRCORE_FUZZ", "12"))
"""Of each kind of file."""
STRANGE = (
    b"", b"\0", b"\xff\xff\xff\xff", b"-1", b"1e999", b"NaN", b"9" * 5000, b"[" * 3000, b"{",
    b'"', b",", b"\n", b"../../x", b"/etc/passwd", b"\x1b[31m", b"=1+1", b"&a [*a]", b"\xed\xa0",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A file, and the command that reads it.

    Attributes:
        file: its path in the project.
        command: what is run.
        outs: what it may write.
        kind: the study, see `faults.project`.
        make: brings the file about where it is not an output of an earlier stage.
        head: bytes at its beginning that half of the mutations are in; 0 for all of it.
    """

    file: str
    command: str
    outs: tuple[str, ...]
    kind: str = "folder"
    make: Callable[[Project], None] = lambda project: None
    head: int = 0


def photo(name: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        photograph(5).resize((40, 32)).save(project / name)
        project.set("data.max_rejected", 1.0)
        shutil.copy(project / name, project / f"mine/x{Path(name).suffix}")

    return make


def trained(project: Project) -> None:
    whole = project.lab.undisturbed("folder", "train basic")
    (project / CHECKPOINT).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(whole / CHECKPOINT, project / CHECKPOINT)
    photo("in.png")(project)


def weights(project: Project) -> None:
    save_tensors(project / FILE, tensors())
    project.set("frozen.vgg", FILE)


def torch_weights(project: Project) -> None:
    import torch

    torch.save(
        {name: torch.from_numpy(value) for name, value in tensors().items()}, project / "v.pt"
    )
    project.set("frozen.vgg", "v.pt")


UPSCALE = "srcore upscale in.png --scale 2 --out out.png --overwrite --device cpu"
TARGETS = {
    "checkpoint": Target(
        CHECKPOINT, f"{UPSCALE} --checkpoint {CHECKPOINT}", ("out.png",), make=trained, head=1500
    ),
    "weights": Target(FILE, "features vgg", ("data/features",), make=weights, head=900),
    "torch weights": Target(
        "v.pt", "features vgg", ("data/features",), make=torch_weights, head=1500
    ),
    "tar": Target("voc.tar", "download", ("data/raw",), "voc", head=2048),
    "tar.gz": Target(
        "voc.tar", "download", ("data/raw",), "voc",
        lambda project: pack_voc(project / "mine", project / "voc.tar", "w:gz"),
    ),
    "zip": Target(
        "voc.zip", "download", ("data/raw",), "voc",
        lambda project: zip_from_tar(project, zipfile.ZIP_DEFLATED).close(),
    ),
    **{
        f"image {ending}": Target(
            f"mine/x.{ending}", "download", ("data/raw",), make=photo(f"in.{ending}"), head=200
        )
        for ending in ("png", "jpg", "tif", "webp", "gif")
    },
    "params": Target("params.yaml", "check", ("data/checked.json",)),
    "manifest": Target("data/raw/manifest.csv", "resize_pyramids", ("data/pyramids",)),
    "raw images": Target("data/raw/images.zip", "resize_pyramids", ("data/pyramids",)),
    "index": Target("data/pyramids/index.csv", "split", ("data/split",)),
    "array": Target("data/pyramids/32.npy", "split", ("data/split",), head=128),
    "split": Target(
        "data/split/split.json", "describe_data",
        ("metrics/dataset.json", "plots/dataset.csv", "plots/samples.png"),
    ),
    "images.csv": Target("plots/images.csv", "report", ("plots/report.html",), "made up"),
    "training.csv": Target("plots/training.csv", "report", ("plots/report.html",), "made up"),
}  # fmt: skip

places = st.floats(0, 1, allow_nan=False)
change = st.tuples(
    st.sampled_from(["flip", "put", "cut", "drop", "repeat", "number"]),
    places,
    places,
    st.one_of(st.sampled_from(STRANGE), st.binary(min_size=1, max_size=8)),
)


def mutated(data: bytes, changes: list[tuple[str, float, float, bytes]], head: int) -> bytes:
    """Apply changes, one after the other."""
    for number, (kind, first, second, piece) in enumerate(changes):
        span = min(head, len(data)) if head and number % 2 == 0 else len(data)
        at = int(first * span)
        end = min(len(data), at + 1 + int(second * 40))
        match kind:
            case "flip":
                data = (
                    data[:at] + bytes([data[at] ^ (1 << int(second * 7))]) + data[at + 1 :]
                    if at < len(data)
                    else data
                )
            case "put":
                data = data[:at] + piece + data[at:]
            case "cut":
                data = data[:at] if number == len(changes) - 1 else data
            case "drop":
                data = data[:at] + data[end:]
            case "repeat":
                data = data[:end] + data[at:end] * 3 + data[end:]
            case _:
                data = data[:at] + piece + data[at + len(piece) :]
    return data


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("fuzz"))
    yield lab
    lab.close()


def content(project: Project, outs: tuple[str, ...]) -> dict[str, str]:
    """Every file of the folder, of its parent and of the user's, but for what may be written."""
    found: dict[str, str] = {}
    for path in project.path.rglob("*"):
        name = str(path.relative_to(project.path))
        if not name.startswith((*outs, "srcore/", "stages/")) and path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found | {str(path): "" for path in project.path.parent.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_the_bytes_it_is_a_result_or_one_line(lab: Lab, name: str):
    target = TARGETS[name]
    project = lab.project(target.kind, target.command)
    target.make(project)
    home = project / "home"
    home.mkdir()
    project.environment |= {"HOME": str(home), "FAULT_SECONDS": str(SECONDS)}
    whole = (project / target.file).read_bytes()
    server = lab.light if shlex.split(target.command)[0] in DATA else lab.heavy

    def attempt(data: bytes) -> None:
        (project / target.file).write_bytes(data)
        before = content(project, target.outs)
        tried = project.run(target.command)
        details = f"{tried.code}: {tried.printed[-3000:]}"
        assert tried.code in (0, 1), details
        assert "Traceback" not in tried.printed, details
        if tried.code == 1:
            errors = [line for line in tried.printed.splitlines() if line.startswith("error: ")]
            assert len(errors) == 1
        assert all(line.isprintable() for line in tried.printed.splitlines()), details
        assert all(len(line) < 3000 for line in tried.printed.splitlines()), details
        assert server.peak < MEMORY, f"{server.peak >> 20} MB; {details}"
        assert content(project, target.outs) == before

    attempt(whole)

    @seed(int(os.environ.get("SRCORE_SEED", "0")))
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(change, min_size=1, max_size=4))
    def examples(changes: list[tuple[str, float, float, bytes]]) -> None:
        attempt(mutated(whole, changes, target.head))

    examples()
    project.close()


CARDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)  # fmt: skip
FIELDS = ("model", "seed", "trained", "weights", "fingerprint", "version", "format", "other")


@pytest.mark.slow
def test_whatever_the_card_it_is_a_network_or_one_line(lab: Lab):
    from safetensors.numpy import load_file

    from srcore.common.errors import StudyError
    from srcore.models.checkpoint import load_checkpoint

    path = lab.undisturbed("folder", "train basic") / CHECKPOINT
    arrays: dict[str, np.ndarray] = load_file(path)
    good = {"model": "basic", "seed": 0, "trained": {}}
    target = lab.folder / "card.safetensors"

    @seed(int(os.environ.get("SRCORE_SEED", "0")))
    @settings(max_examples=40 * EXAMPLES, database=None, deadline=None, phases=[Phase.generate])
    @given(st.dictionaries(st.sampled_from(FIELDS), CARDS, max_size=3))
    def examples(changes: dict[str, object]) -> None:
        save_tensors(target, arrays, card=json.dumps(good | changes))
        printed = ""
        try:
            _, card = load_checkpoint(target)
        except StudyError as error:
            printed = str(error)
        else:
            printed = f"{card.file_name} {card.weights} {card.version} {card.trained}"
        assert printed.isprintable()
        assert len(printed) < 1000

    examples()
