"""What the docs tell a user to type, typed: only paths, sizes and epochs are other ones."""

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from commands import ran
from faults.weights import save, tensors
from photographs import arrays
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import vgg16

from srcore.evaluation.tables import parse_figures
from srcore.models.checkpoint import load_checkpoint
from srcore.models.registry import SETS
from srcore.training.precision import pick_precision, processor

pytestmark = pytest.mark.slow

Shell = Callable[..., str]
VOC2007 = (
    "dvc exp run -S data.source=voc2007 -S data.voc2007.archive=/my/VOCtrainval_06-Nov-2007.tar "
    "-S split.validation=1000 -S train.epochs=10 -S train.batch_size=8 "
    "-S frozen.vgg=/my/vgg16.safetensors"
)
REAL = (
    "dvc exp run -S data.source=voc2007 "
    "-S data.voc2007.archive=/my/VOCtrainval_originals_946.tar "
    "-S split.validation=165 -S train.epochs=10 "
    "-S frozen.vgg=/my/vgg16_features_to_conv2_2.safetensors"
)

LONGER = (
    "dvc exp run -S model=subpixel -S data.source=voc2007 "
    "-S data.voc2007.archive=/my/VOCtrainval_originals_946.tar "
    "-S split.validation=165 -S train.epochs=52 -S trainer.precision=auto -S 'seeds=[0,1,2]'"
)


@pytest.fixture
def voc(tmp_path) -> Path:
    """An archive of twelve images in the layout of VOC2007."""
    path = tmp_path / "voc.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(12):
            crop = Image.fromarray(arrays()[number % 3][number:, number:])
            data = io.BytesIO()
            crop.save(data, "JPEG")
            member = tarfile.TarInfo(f"VOCdevkit/VOC2007/JPEGImages/{number:06}.jpg")
            member.size = len(data.getvalue())
            data.seek(0)
            archive.addfile(member, data)
    return path


@pytest.fixture
def weights(tmp_path) -> Path:
    """A file of VGG16 weights."""
    path = tmp_path / "vgg16.safetensors"
    save(path, tensors())
    return path


def scores(clone) -> dict:
    return json.loads((clone.path / "metrics/evaluate.json").read_text())


def test_asking_ones_own_question(built, shell, tmp_path):
    """README.md's list of commands, and those of docs/reviews.md and docs/benchmarks.md."""
    assert ran(shell("dvc repro")) == []
    assert "nothing to commit" in built.run("git", "status")
    assert "train_all" in shell("dvc dag --md")

    names = ran(shell("dvc exp run -S model=vgg -S train.lr=0.0005"))
    assert "train_vgg" in names
    assert {name for name in names if name.startswith("train_")} == {"train_vgg"}
    assert "vgg.mid.gain" in shell("dvc metrics diff")
    assert "vgg.mid.gain" in shell("dvc metrics diff main")
    assert re.search(r"└── [0-9a-f]{7} \[\w+-\w+\]", shell("dvc exp show"))
    assert re.search(r"└── [0-9a-f]{7} \[\w+-\w+\]", shell("dvc exp show --only-changed"))
    assert "evaluate.json" in shell("dvc metrics show")
    review = shell("make review BASE=main")
    assert "`model` all → vgg; `train.lr` 0.001 → 0.0005." in review
    assert "Changed since" not in review
    code = built.path / "srcore/metrics/psnr.py"
    code.write_text(code.read_text() + "# a change\n")
    line = "**Changed since the results here were made**: `srcore/metrics"
    assert line in shell("make review BASE=main")
    built.run("git", "restore", "srcore/metrics/psnr.py")
    assert ran(shell("dvc repro stages/dvc.yaml:train_vgg")) == []
    for command in ("dvc plots diff", "dvc plots show"):
        printed = shell(command)
        page = Path(printed.strip().splitlines()[-1].removeprefix("file://"))
        assert "vgg" in page.read_text()

    (tmp_path / "benchmarks/Set2").mkdir(parents=True)
    Image.fromarray(arrays()[2]).save(tmp_path / "benchmarks/Set2/a.png")
    shell(
        "dvc exp run stages/dvc.yaml:benchmark -S benchmark.folder=/my/benchmarks",
        {"/my/benchmarks": str(tmp_path / "benchmarks")},
    )
    assert "Set2" in shell("dvc metrics show metrics/benchmark.json")
    (tmp_path / "networks").mkdir()
    own = built.path / "data/models/all/basic.seed0.safetensors"
    shutil.copy(own, tmp_path / "networks/theirs.safetensors")
    shell(
        "dvc exp run stages/dvc.yaml:benchmark -S benchmark.folder=/my/benchmarks "
        "-S benchmark.checkpoints=/my/networks",
        {"/my/": f"{tmp_path}/"},
    )
    assert "theirs" in (built.path / "plots/benchmark.html").read_text()

    shell('git commit --all --message "A lower learning rate"')
    # A line more: git may take a file of the same size, written in the same second, for unchanged.
    built.run("dvc", "exp", "run", "-S", "+train.epoch=3", ok=False)
    assert built.run("git", "status", "--porcelain", "params.yaml") != ""
    shell("git restore params.yaml")
    assert built.run("git", "status", "--porcelain", "params.yaml") == ""
    shell(". .venv/bin/activate && pre-commit install")
    assert (built.path / ".git/hooks/pre-commit").exists()


def test_the_way_back(built, shell):
    """README.md and docs/troubleshooting.md: after an experiment, the study is what it was."""
    before = scores(built)
    shell("dvc exp run -S model=vgg")
    assert "model: vgg" in (built.path / "params.yaml").read_text()
    assert list(scores(built)) == ["bicubic", "vgg"]
    shell("git restore params.yaml dvc.lock stages/dvc.lock metrics plots")
    shell("dvc checkout dvc.yaml")
    assert built.run("git", "status", "--porcelain") == ""
    assert scores(built) == before
    assert ran(shell("dvc repro")) == []


def test_the_way_back_on_another_machine(built, shell):
    """Git has the results of a machine whose rounding differs, and no cache here has its files."""
    lock = built.path / "dvc.lock"
    page = hashlib.md5((built.path / "plots/report.html").read_bytes()).hexdigest()
    assert page in lock.read_text()
    lock.write_text(lock.read_text().replace(page, "a" * 32))
    built.run("git", "commit", "--all", "--message", "Theirs")
    assert ran(shell("dvc repro")) == ["report"]
    assert built.run("git", "status", "--porcelain") == " M dvc.lock\n"
    shell('git commit --all --message "Results of this machine"')
    shell("dvc exp run -S model=vgg")
    shell("git restore params.yaml dvc.lock stages/dvc.lock metrics plots")
    shell("dvc checkout dvc.yaml")
    assert (built.path / "plots/report.html").exists()
    assert ran(shell("dvc repro")) == []


def test_a_clone_by_its_address(built, shell, tmp_path):
    shell("git clone ADDRESS study", {"ADDRESS": str(built.path), "study": str(tmp_path / "study")})
    assert (tmp_path / "study/constraints.txt").exists()


JUDGED = "evaluate"
"""Added to a command: what is drawn after the figures takes as long again, and others draw it."""


def test_experiments_side_by_side(built, shell):
    """A queued grid, and what the docs show of it."""
    shell("dvc exp run --queue -S model=basic -S train.lr=0.0005,0.001,0.002")
    printed = shell("make experiments")
    assert "| basic | " in printed, "the commit alone, before the queue was run"
    assert "Without results: 3 queued." in printed
    shell("dvc queue start")
    for _ in range(200):
        if "Without results" not in (printed := shell("make experiments")):
            break
        built.run("sleep", "2")
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    assert rows[0][1:3] == ["`train.lr`", "network"]
    assert {row[1] for row in rows[2:]} == {"0.0005", "0.001", "0.002"}
    assert {row[2] for row in rows[1:]} == {"basic"}
    assert rows[1][0] == "HEAD"
    assert rows[1][-1] == "the first"
    same = [row for row in rows[2:] if row[1] == "0.001"]
    assert [row[-1] for row in same] == ["0.00, same"]
    page = (built.path / "plots/experiments.html").read_text()
    assert "against train.lr. basic: " in page
    assert built.run("git", "status", "--porcelain") == "", "the page is nobody's to commit"
    missing = built.run("bash", "-c", ". .venv/bin/activate && make experiments SINCE=no", ok=False)
    assert "error: no: fatal: Needed a single revision" in missing
    assert "Traceback" not in missing


def test_what_each_idea_is_worth(built, shell):
    names = ran(shell("dvc exp run -S model=ablation", more=JUDGED))
    assert "evaluate" in names
    assert not [name for name in names if name.startswith("train_")], "the fixture trained them"
    assert set(SETS["ablation"]) < set(scores(built))


def test_ones_own_images(built, shell, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(arrays() * 3):
        Image.fromarray(image[number:, number:]).save(folder / f"{number}.png")
    built.edit("params.yaml", "model: all", "model: basic")
    command = "dvc exp run -S data.source=folder -S data.folder.path=/my/images"
    names = ran(shell(command, {"/my/images": str(folder)}))
    assert {"download", "train_basic", "evaluate", "report"} <= set(names)
    described = json.loads((built.path / "metrics/dataset.json").read_text())
    assert (described["source"], described["images"]) == ("folder", 9)


@pytest.mark.parametrize(
    ("command", "archive", "file", "sizes"),
    [
        (VOC2007, "/my/VOCtrainval_06-Nov-2007.tar", "/my/vgg16.safetensors",
         {"validation=1000": "validation=3", "batch_size=8": "batch_size=4"}),
        (REAL, "/my/VOCtrainval_originals_946.tar",
         "/my/vgg16_features_to_conv2_2.safetensors",
         {"validation=165": "validation=3"}),
    ],
    ids=["README.md", "docs/results.md"],
)  # fmt: skip
def test_real_images_and_weights(built, shell, voc, weights, command, archive, file, sizes):
    built.edit("params.yaml", "model: all", "model: vgg")
    paths = {archive: str(voc), file: str(weights)}
    names = ran(shell(command, paths | sizes | {"epochs=10": "epochs=1"}, JUDGED))
    assert {"download", "features_vgg", "train_vgg", "evaluate"} <= set(names)
    figures = parse_figures((built.path / "plots/methods.csv").read_text())
    assert figures["vgg"]["mid"]["weights"] == "weights of vgg16.safetensors"


def test_our_own_network_on_real_images(built, shell, voc):
    """docs/results.md: its training that is as long as the original study's."""
    here = {"/my/VOCtrainval_originals_946.tar": str(voc), "validation=165": "validation=3"}
    names = ran(shell(LONGER, here | {"epochs=52": "epochs=1"}, JUDGED))
    assert {"download", "train_subpixel", "evaluate"} <= set(names)


def test_the_reports_own_settings(built, shell, voc):
    """The recipe of `make paper`, on images and weights that are there: other tests fetch them.

    See tests/data/test_ingest.py, tests/frozen/ and the faults of downloads.
    """
    recipe = shell("make paper", {"make": "make --dry-run"})
    assert recipe.startswith("dvc exp run -S data.source=voc2007 ")
    smaller = {"=1000": "=3", "epochs=10": "epochs=1", "batch_size=8": "batch_size=4"}
    for old, new in (smaller | {"=pretrained": "=random"}).items():
        assert old in recipe
        recipe = recipe.replace(old, new)
    recipe = f"{recipe.strip()} -S data.voc2007.archive={voc} -S model=basic {JUDGED}"
    names = ran(built.run("bash", "-c", f". .venv/bin/activate && {recipe}"))
    assert {"download", "train_basic", "evaluate"} <= set(names)
    shown = (built.path / "plots/images.csv").read_text()
    assert len(set(re.findall(r"^(0000\d\d\.jpg),", shown, flags=re.MULTILINE))) == 3


def test_several_processes(built, shell):
    names = ran(shell("dvc exp run -S model=basic -S trainer.devices=2"))
    assert {"train_basic", "evaluate"} <= set(names)


def test_the_precision_that_suits_the_machine(built, shell):
    names = ran(shell("dvc exp run -S model=subpixel -S trainer.precision=auto"))
    assert {"train_subpixel", "evaluate"} <= set(names)
    cpu = torch.device("cpu")

    def computed(model: str) -> tuple[str, str]:
        card = load_checkpoint(built.path / f"data/models/{model}/{model}.seed0.safetensors")[1]
        return card.trained["precision"], card.trained["processor"]

    picked = pick_precision("auto", cpu)
    assert computed("subpixel") == (picked, processor(cpu, picked))
    exact = "dvc exp run -S model=basic -S trainer.precision=auto"
    assert "train_basic" in ran(built.run("bash", "-c", f". .venv/bin/activate && {exact}"))
    assert computed("basic") == ("32-true", "cpu")


def test_ones_own_images_enlarged(built, shell):
    """README.md and docs/upscale.md; what they say of images is tested in tests/upscale/."""
    Image.fromarray(arrays()[0][:40, :60]).save(built.path / "photo.jpg")
    (built.path / "holiday").mkdir()
    Image.fromarray(arrays()[1][:30, :50]).save(built.path / "holiday/beach.png")

    def made(
        command: str, *files: str, replaced: dict[str, str] | None = None
    ) -> list[tuple[int, int]]:
        shell(command, replaced)
        sizes = [Image.open(built.path / file).size for file in files]
        for file in files:
            (built.path / file).unlink()
        return sizes

    assert made("srcore upscale photo.jpg", "photo.x4.jpg") == [(240, 160)]
    assert made("srcore upscale photo.jpg --scale 2 --out big.png", "big.png") == [(120, 80)]
    assert made("srcore upscale holiday --scale 2 --out large", "large/beach.x2.png") == [(100, 60)]
    assert made("srcore upscale holiday --out large", "large/beach.x4.png") == [(200, 120)]
    assert made("srcore upscale photo.jpg --scale 2.5", "photo.x2.5.jpg") == [(150, 100)]
    fit, smaller = "srcore upscale photo.jpg --size 1920x1080 --fit", {"1920x1080": "90x90"}
    assert made(fit, "photo.fit90x90.jpg", replaced=smaller) == [(90, 60)]
    side, smaller = "srcore upscale holiday --max-side 4000 --skip-existing", {"4000": "75"}
    assert made(side, "holiday.75/beach.75.png", replaced=smaller) == [(75, 45)]
    assert made("srcore upscale photo.jpg --ensemble", "photo.x4.jpg") == [(240, 160)]
    made("srcore upscale photo.jpg --compare", "photo.x4.jpg", "photo.x4.compare.png")
    made(
        "srcore upscale photo.jpg --checkpoint data/models/all/vgg.seed0.safetensors",
        "photo.x4.jpg",
    )


def test_networks_elsewhere(built, shell):
    shell("srcore export data/models/all/subpixel.seed0.safetensors --out subpixel.onnx")
    assert "subpixel.mid" not in (built.path / "subpixel.md").read_text()
    assert (built.path / "subpixel.onnx").stat().st_size > 900_000


def test_what_is_measured_if_asked_for(built, shell, tmp_path):
    """docs/judging.md: more metrics, and ensembles; the declared metrics stay as they are."""
    state = vgg16(weights=None).features.state_dict()
    named = {f"features.{name}": value for name, value in state.items()}
    save_file(named, tmp_path / "vgg16.safetensors")
    before = scores(built)["subpixel"]
    names = ran(
        shell(
            'dvc exp run -S model=subpixel -S "evaluate.metrics=[psnr_y,lpips,dists]" '
            "-S evaluate.vgg16=/my/vgg16.safetensors -S evaluate.ensemble=true",
            {"/my/": f"{tmp_path}/"},
        )
    )
    assert "train_subpixel" not in names
    assert scores(built)["subpixel"] == before
    table = pd.read_csv(built.path / "plots/methods.csv").set_index(["method", "output"])
    assert list(table)[-4:] == ["psnr_y", "lpips", "dists", "metric_weights"]
    assert table[["psnr_y", "lpips", "dists"]].notna().all(axis=None)
    for output in ("mid", "large"):
        assert table.macs["subpixel+", output] == 8 * table.macs["subpixel", output]
        assert table.psnr["subpixel+", output] != table.psnr["subpixel", output]
    page = (built.path / "plots/report.html").read_text()
    assert "VGG16 with weights of vgg16.safetensors" in page
    assert "LPIPS and DISTS" in page
    review = built.run("bash", "-c", ". .venv/bin/activate && make review BASE=HEAD")
    assert "subpixel+" not in review


def test_benchmarks(built, shell):
    """What `make bench` runs, the first of it for one network alone."""
    commands = shell("make bench", {"make": "make --dry-run"}).splitlines()
    step, upscaling, pipeline, memory = commands
    assert step == "python -m benchmarks.step"
    assert upscaling == "python -m benchmarks.upscaling"
    assert pipeline == "python -m benchmarks.pipeline"
    assert memory.startswith("python -m benchmarks.scale 200 ")
    printed = built.run("bash", "-c", f". .venv/bin/activate && {step} multi && {pipeline}")
    assert "geometric mean" in printed
    assert "pyramids per second" in printed
    assert "onnxruntime" in built.run("bash", "-c", f". .venv/bin/activate && {upscaling}")
    assert "usage: " in built.run("bash", "-c", f". .venv/bin/activate && {memory} --help")
    (scale,) = shell("make scale", {"make": "make IMAGES=20 --dry-run"}).splitlines()
    assert scale == "python -m benchmarks.scale 20"
    assert "how many" in built.run("bash", "-c", f". .venv/bin/activate && {scale} --help")


def test_many_images_are_on_the_disk_once(built, shell):
    shell("dvc config cache.type hardlink,symlink")
    assert ran(shell("dvc repro")) == []
