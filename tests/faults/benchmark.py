"""Images that a benchmark cannot use, and networks of others that are none, or not whole."""

# ruff: noqa: E501  the lines that stages say are whole here

import pickle
from collections.abc import Callable

import numpy as np

from faults.fault import Act, Area, Fault, Refused
from faults.project import Project, photograph
from faults.weights import Harm, cut, save

THEIRS = "theirs/span.safetensors"
NO_SPANDREL = "raise ImportError('no spandrel here')\n"
"""A module of that name in the study's folder, which is found before the one that is installed."""


def asked(change: Callable[[Project], object]) -> Act:
    """Ask for a benchmark on one photograph with a folder of networks of others, changed so."""

    def make(project: Project) -> None:
        (project / "sets/Set1").mkdir(parents=True)
        photograph(0).save(project / "sets/Set1/a.png")
        (project / "theirs").mkdir()
        project.set("benchmark.folder", "sets")
        project.set("benchmark.checkpoints", "theirs")
        change(project)

    return make


def theirs(change: Callable[[dict[str, np.ndarray]], object]) -> Act:
    """Ask for one on a small SPAN whose tensors were changed so."""

    def make(project: Project) -> None:
        from spandrel.architectures.SPAN import SPAN

        network = SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2)
        arrays = {name: value.numpy() for name, value in network.state_dict().items()}
        change(arrays)
        save(project / THEIRS, arrays)

    return asked(make)


def file(name: str, content: bytes) -> Act:
    return asked(lambda project: (project / name).write_bytes(content))


def damaged(project: Project) -> None:
    nobodys(project)
    cut(project / THEIRS)


def nobodys(project: Project) -> None:
    save(project / THEIRS, {"x": np.zeros(300, np.float32)})


def without_spandrel(project: Project) -> None:
    nobodys(project)
    (project / "spandrel.py").write_text(NO_SPANDREL)


def misnamed(project: Project) -> None:
    nobodys(project)
    (project / THEIRS).rename(project / "theirs/span.pth")


def harmful(project: Project) -> None:
    (project / "theirs/span.pth").write_bytes(pickle.dumps(Harm()))
    project.set("benchmark.pickles", True)


def small(project: Project) -> None:
    photograph(0).resize((30, 19)).save(project / "sets/Set1/small.png")


def without_images(project: Project) -> None:
    (project / "sets/Set1/a.png").unlink()


def benchmark(what: str, make: Act, line: str) -> Fault:
    return Fault(what, "benchmark", Refused(line), make, slow=True)


BENCHMARK = Area(
    "Benchmarks and networks of others",
    [
        benchmark(
            "no folder named",
            lambda project: None,
            "benchmark.folder = data/none: is not a folder; name the one that holds Set5, Set14 or your own (-S benchmark.folder=/my/benchmarks, or in params.yaml)",
        ),
        benchmark(
            "a folder without images",
            asked(without_images),
            "benchmark.folder = sets: holds no file; put images into it",
        ),
        benchmark(
            "an image that is too small",
            asked(small),
            "sets/Set1/small.png: 30 x 19 pixels, a benchmark needs 20 a side; take it out",
        ),
        benchmark(
            "a file that is no image",
            file("sets/Set1/notes.txt", b"see below\n"),
            "sets/Set1/notes.txt: not an image of a known kind (…); fix it, or take it out",
        ),
        benchmark(
            "a folder without networks",
            asked(lambda project: None),
            "benchmark.checkpoints = theirs: holds no .safetensors directly in it (sub-folders are not searched; .pth, .pt, .ckpt are read with -S benchmark.pickles=true)",
        ),
        benchmark(
            "a pickle that was not asked for",
            file("theirs/span.pth", pickle.dumps(Harm())),
            "theirs/span.pth: is no safetensors file; save it as one, or have pickles read (-S benchmark.pickles=true)",
        ),
        benchmark(
            "a pickle that runs a program, where pickles are read",
            asked(harmful),
            "theirs/span.pth: refused; only tensors are read, so save its state_dict as safetensors",
        ),
        benchmark(
            "safetensors under another extension",
            asked(misnamed),
            "theirs/span.pth: is a safetensors file under another extension; rename it to span.safetensors",
        ),
        benchmark(
            "a network cut in half",
            asked(damaged),
            f"{THEIRS}: not a whole safetensors file (…)",
        ),
        benchmark(
            "tensors of no architecture that is known",
            asked(nobodys),
            f"{THEIRS}: not a network that spandrel knows; take it out",
        ),
        benchmark(
            "a network that lacks a tensor",
            theirs(lambda a: a.pop("conv_1.conv.0.bias")),
            f"{THEIRS}: spandrel takes it for SPAN, but its tensors do not fit (missing conv_1.conv.0.bias); get it again, or take it out",
        ),
        benchmark(
            "a network whose tensors are not numbers",
            theirs(lambda a: a["conv_cat.bias"].fill(np.nan)),
            f"{THEIRS}: conv_cat.bias holds NaN or infinite values",
        ),
        benchmark(
            "no spandrel installed",
            asked(without_spandrel),
            f"{THEIRS}: networks of others need spandrel; install it: pip install -c constraints.txt -e '.[benchmark]'",
        ),
    ],
)
