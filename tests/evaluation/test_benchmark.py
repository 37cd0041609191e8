import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from matlab import matrix, to_uint8
from photographs import FOLDER, arrays
from PIL import Image
from ruamel.yaml import YAML
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tiny import CPU, tiny_clip, tiny_linear, tiny_network

from srcore.common.errors import StudyError
from srcore.common.files import write_json
from srcore.common.tensors import to_images, to_tensor
from srcore.evaluation import benchmark as module
from srcore.evaluation.benchmark import (
    by_data_set,
    evaluate_benchmarks,
    find_images,
    headline,
    judge,
)
from srcore.features.extractor import load_extractor
from srcore.images.matlab import crop_to_multiple, imresize
from srcore.inference.network import Network
from srcore.metrics.optional import OptionalMetrics
from srcore.metrics.psnr_y import psnr_y
from srcore.metrics.seeds import mean_over_seeds
from srcore.models.base import SuperResolver
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class
from srcore.params.schema import Evaluate

MANY = 10**9
SCALES = {"mid": 2, "large": 4}
PUBLISHED = {"mid": (33.66, 0.9299), "large": (28.42, 0.8104)}
"""Bicubic on Set5, as Dong et al. 2014 (SRCNN) and all papers since quote it."""


def by_skimage(output: np.ndarray, target: np.ndarray, scale: int) -> tuple[float, float]:
    """PSNR and SSIM of the luma, less a border, by scikit-image alone."""
    one, other = (rgb2ycbcr(image)[scale:-scale, scale:-scale, 0] for image in (target, output))
    return peak_signal_noise_ratio(one, other, data_range=255), structural_similarity(
        one,
        other,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("image", arrays())
def test_judged_as_scikit_image_does(image, scale):
    target = crop_to_multiple(image, scale)
    made = imresize(imresize(target, 1 / scale), scale)
    found = judge(made, target, scale)
    expected = by_skimage(made, target, scale)
    assert (found["psnr"], found["ssim"]) == pytest.approx(expected, abs=1e-9)


def test_equal_images_are_100_db():
    assert judge(arrays()[0], arrays()[0], 4) == pytest.approx({"psnr": 100, "ssim": 1})


def write_folder(top: Path) -> Path:
    """Two data sets, one image beside them, and what is no part of it."""
    square, wide, odd = arrays()
    for name, image in {
        "Set2/b.png": square,
        "Set2/a.png": odd,
        "Set1/HR/wide.png": wide,
        "lone.png": odd[:31, :45],
        ".hidden.png": odd,
        "Set2/.thumbnails/a.png": odd,
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(top / name)
    return top


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_folder(tmp_path / "mine")


def test_sub_folders_are_data_sets(folder):
    found = [(image.data_set, image.name) for image in find_images(str(folder), MANY)]
    assert found == [
        ("Set1", "HR/wide.png"), ("Set2", "a.png"), ("Set2", "b.png"), ("mine", "lone.png"),
    ]  # fmt: skip


def test_a_folder_of_images_is_one_data_set(folder):
    found = find_images(str(folder / "Set2"), MANY)
    assert [(image.data_set, image.name) for image in found] == [
        ("Set2", "a.png"),
        ("Set2", "b.png"),
    ]


def test_two_images_of_one_name_are_not_taken_for_one(folder):
    (folder / "mine").mkdir()
    Image.open(folder / "lone.png").save(folder / "mine/lone.png")
    with pytest.raises(StudyError, match=r"lone\.png and .*lone\.png: have one name in the table"):
        find_images(str(folder), MANY)


def test_grey_images_are_read_as_rgb(folder):
    Image.fromarray(arrays()[2][..., 0]).save(folder / "lone.png")
    lone = find_images(str(folder), MANY)[-1].read(MANY)
    assert lone.shape == (75, 97, 3)
    assert (lone == arrays()[2][..., :1]).all()


@pytest.mark.parametrize("name", ["data/none", "/nowhere"])
def test_no_folder_is_one_line(name, root, monkeypatch):
    monkeypatch.chdir(root)
    with pytest.raises(StudyError, match=f"^benchmark.folder = {name}: is not a folder; name .*$"):
        find_images(name, MANY)


def test_an_empty_folder_is_one_line(tmp_path):
    (tmp_path / ".hidden").touch()
    with pytest.raises(
        StudyError, match=f"^benchmark.folder = {tmp_path}: holds no file; put images into it$"
    ):
        find_images(str(tmp_path), MANY)


def test_a_link_to_a_folder_is_not_followed(folder):
    (folder / "Set3").symlink_to(folder / "Set2", target_is_directory=True)
    with pytest.raises(StudyError, match=r"Set3: a link to a folder, .* put the folder itself"):
        find_images(str(folder), MANY)


def test_a_folder_that_cannot_be_read_is_not_missed(folder, monkeypatch):
    def walk(top, onerror):
        onerror(PermissionError(13, "Permission denied", str(folder / "Set2")))

    monkeypatch.setattr(os, "walk", walk)  # root may read everything
    with pytest.raises(PermissionError, match="Set2"):
        find_images(str(folder), MANY)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"readme", "not an image of a known kind"),
        ((FOLDER / "chelsea.png").read_bytes()[:5000], "damaged"),
        ((FOLDER / "chelsea.png").read_bytes(), "are more than 40000"),
    ],
)
def test_a_file_that_cannot_be_judged_stops_all(folder, content, words):
    """A mean without it would pass for that of the data set."""
    (folder / "Set2" / "c.png").write_bytes(content)
    with pytest.raises(StudyError, match=rf"Set2/c\.png: .*{words}.*take it out") as caught:
        find_images(str(folder), 40_000)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(19, 50), (50, 19)])
def test_an_image_too_small_to_be_judged(folder, size):
    Image.new("RGB", size).save(folder / "Set2" / "c.png")
    with pytest.raises(StudyError, match=r"c\.png: \d+ x \d+ pixels, a benchmark needs 20 a side"):
        find_images(str(folder), MANY)


def test_the_smallest_image_can_be_judged(tmp_path):
    Image.fromarray(arrays()[0][:20, :20]).save(tmp_path / "a.png")
    table = evaluate_benchmarks([], tiny_linear(), find_images(str(tmp_path), MANY), MANY, CPU)
    assert np.isfinite(table["psnr"]).all()
    assert np.isfinite(table["ssim"]).all()


@pytest.fixture(scope="module")
def networks() -> list[Network]:
    """One output and two; both frozen extractors; two seeds."""
    return [
        tiny_network("basic"),
        tiny_network("multi", 0),
        tiny_network("multi", 1),
        tiny_network("vgg", 0, load_extractor("vgg", "random", CPU)),
        tiny_network("clip", 0, tiny_clip().extractor()),
    ]


@pytest.fixture(scope="module")
def table(networks, tmp_path_factory) -> pd.DataFrame:
    folder = write_folder(tmp_path_factory.mktemp("benchmarks") / "mine")
    return evaluate_benchmarks(networks, tiny_linear(), find_images(str(folder), MANY), MANY, CPU)


def test_every_method_on_every_image(table, networks):
    """At any size: 210x140, 97x75, 144x144 and 45x31, whose low images have odd sides too."""
    assert len(table) == 4 * (2 + 2 + 1 + 2 + 2 + 2 + 2)
    assert not table.duplicated(["data_set", "image", "method", "seed", "output"]).any()
    assert np.isfinite(table[["psnr", "ssim", "gain"]]).to_numpy().all()
    assert set(table.query("method == 'basic'")["output"]) == {"mid"}
    labels = table.groupby("method")["weights"].unique().map(list).to_dict()
    assert labels == {
        "bicubic": [""], "linear": [""], "basic": [""], "multi": [""],
        "vgg": ["random weights"], "clip": ["random weights"],
    }  # fmt: skip


def test_figures_are_those_of_images_saved(table, networks):
    """The whole protocol once more, each step by hand."""
    odd = arrays()[2]
    for output, scale in SCALES.items():
        target = odd[: 75 - 75 % scale, : 97 - 97 % scale]
        low = imresize(target, 1 / scale)
        made = {"bicubic": imresize(low, scale), "linear": tiny_linear()(low[None], scale)[0]}
        for network in networks:
            if network.card.seed == 0 and output in network.model.outputs:
                inputs = to_tensor(np.ascontiguousarray(low[None]))
                made[network.card.model] = to_images(network(inputs)[output])[0]
        first = table[table["seed"].fillna(0) == 0]
        here = first.query("image == 'a.png' and output == @output")
        assert set(here["method"]) == set(made)
        for row in here.itertuples():
            expected = by_skimage(made[row.method], target, scale)
            assert (row.psnr, row.ssim) == pytest.approx(expected, abs=1e-6)
            bicubic = here.query("method == 'bicubic'")["psnr"].item()
            assert row.gain == pytest.approx(row.psnr - bicubic)


def test_a_network_that_is_bicubic_gains_nothing(folder):
    class Bicubic(SuperResolver):
        outputs: ClassVar[tuple[str, ...]] = tuple(SCALES)

        def forward(self, low):
            image = to_images(low)[0]
            return {
                output: to_tensor(np.ascontiguousarray(imresize(image, scale)[None]))
                for output, scale in SCALES.items()
            }

    network = dataclasses.replace(tiny_network("multi"), model=Bicubic())
    found = evaluate_benchmarks([network], tiny_linear(), find_images(str(folder), MANY), MANY, CPU)
    assert (found.query("method != 'linear'")["gain"] == 0).all()


def line(table: pd.DataFrame, data_set: str, method: str, output: str) -> pd.Series:
    found = table.query("data_set == @data_set and method == @method and output == @output")
    assert len(found) == 1
    return found.iloc[0]


def test_means_are_over_the_images_of_a_data_set(table):
    means = by_data_set(table)
    assert list(dict.fromkeys(means["data_set"])) == ["Set1", "Set2", "mine"]
    of_set = means[means["data_set"] == "Set2"]
    assert list(dict.fromkeys(of_set["method"])) == [
        "bicubic",
        "linear",
        "basic",
        "multi",
        "vgg",
        "clip",
    ]
    assert of_set.query("method == 'basic'")["output"].tolist() == ["mid"]
    part = table.query("data_set == 'Set2' and method == 'vgg' and output == 'large'")
    found = line(means, "Set2", "vgg", "large")
    assert (found["images"], found["seeds"], found["weights"]) == (2, 1, "random weights")
    for figure in ("psnr", "ssim", "gain"):
        assert found[figure] == pytest.approx(part[figure].mean())
    assert np.isnan(found["gain_spread"])
    assert (means.loc[means["method"] == "bicubic", "gain"] == 0).all()


def test_the_declared_figure_is_the_one_that_the_field_compares(table, tmp_path):
    means = by_data_set(table)
    declared = headline(means)
    write_json(tmp_path / "benchmark.json", declared)
    assert list(declared) == ["Set1", "Set2", "mine"]
    assert list(declared["Set2"]) == ["basic", "multi", "vgg", "clip"]
    assert list(declared["Set2"]["basic"]) == ["mid"]
    assert declared["Set2"]["vgg"]["large"] == line(means, "Set2", "vgg", "large")["psnr"]


def test_seeds_are_averaged_and_their_spread_is_reported(table):
    part = table.query("data_set == 'Set2' and method == 'multi' and output == 'mid'")
    entry = line(by_data_set(table), "Set2", "multi", "mid")
    of_seeds = part.groupby("seed")["psnr"].mean()
    assert (entry["images"], entry["seeds"]) == (2, 2)
    assert entry["psnr"] == pytest.approx(of_seeds.mean())
    assert entry["gain_spread"] == pytest.approx(abs(of_seeds[0] - of_seeds[1]) / 2**0.5)
    mean = mean_over_seeds(table)
    assert len(mean) == 4 * (2 + 2 + 1 + 2 + 2 + 2)
    found = mean.query("image == 'b.png' and method == 'multi' and output == 'mid'")
    both = part.query("image == 'b.png'")
    assert found["psnr"].item() == pytest.approx(both["psnr"].mean())


def published_procedure(image: np.ndarray, scale: int) -> tuple[float, float]:
    """How Dong et al. 2014 made the bicubic row that all tables quote (their demo_SR.m).

    The luma is rounded to 8 bits and resized as real numbers; the result is rounded.
    """
    target = to_uint8(rgb2ycbcr(crop_to_multiple(image, scale))[..., 0])
    low = matrix(len(target), 1 / scale) @ target @ matrix(target.shape[1], 1 / scale).T
    made = to_uint8(matrix(len(low), scale) @ low @ matrix(low.shape[1], scale).T)
    inside = slice(scale, -scale)
    one, other = target[inside, inside], made[inside, inside]
    return peak_signal_noise_ratio(one, other, data_range=255), structural_similarity(
        one, other, gaussian_weights=True, use_sample_covariance=False, data_range=255
    )


@pytest.mark.parametrize("output", SCALES)
def test_bicubic_agrees_with_the_published_procedure(tmp_path, output):
    """Where Set5 is missing: ours works on 8-bit RGB, which moves the mean by less than 0.02 dB."""
    names = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png")
    expected = []
    for name in names:
        image = Image.open(FOLDER / name).convert("RGB").crop((0, 0, 255, 255))
        image.save(tmp_path / name)
        expected.append(published_procedure(np.asarray(image), SCALES[output]))
    table = evaluate_benchmarks([], tiny_linear(), find_images(str(tmp_path), MANY), MANY, CPU)
    found = table.query("method == 'bicubic' and output == @output")[["psnr", "ssim"]].mean()
    psnr, ssim = np.mean(expected, axis=0)
    assert found["psnr"] == pytest.approx(psnr, abs=0.02)
    assert found["ssim"] == pytest.approx(ssim, abs=0.001)


def test_bicubic_on_set5_is_the_published_row():
    """With the images: SRCORE_SET5=/my/Set5 pytest tests/evaluation/test_benchmark.py."""
    folder = os.environ.get("SRCORE_SET5")
    if not folder:
        pytest.skip("no folder of the five high-resolution images of Set5 (SRCORE_SET5)")
    table = evaluate_benchmarks([], tiny_linear(), find_images(folder, MANY), MANY, CPU)
    means = by_data_set(table)
    for output, (psnr, ssim) in PUBLISHED.items():
        found = line(means, means["data_set"].iloc[0], "bicubic", output)
        assert found["images"] == 5
        assert found["psnr"] == pytest.approx(psnr, abs=0.02)
        assert found["ssim"] == pytest.approx(ssim, abs=0.001)


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """A project in which two networks stand, untrained."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("srcore", "stages", "random"):
        (project / name).symlink_to(root / name)
    shutil.copy(root / "params.yaml", project)
    models = project / "data/models/all"
    models.mkdir(parents=True)
    (project / "data/none").touch()
    shutil.copy(root / "data/published.csv", project / "data")
    tiny_linear().save(project / "data/linear")
    vgg = load_extractor("vgg", "random", CPU)
    save_checkpoint(model_class("basic")(), Card("basic", 0, {}), models)
    card = Card("vgg", 0, {}, vgg.label, vgg.fingerprint)
    save_checkpoint(model_class("vgg")(), card, models)
    return project


def test_the_stage_says_which_folder_it_wants(root, project, monkeypatch):
    """The parameters alone are valid: most studies need no benchmark."""
    monkeypatch.syspath_prepend(root)
    from stages.benchmark import run

    monkeypatch.chdir(project)
    with pytest.raises(StudyError, match=r"benchmark.folder = data/none: is not a folder; name "):
        run()


@pytest.mark.slow
def test_the_stage_on_images_of_odd_sizes(project, folder):
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    params["benchmark"]["folder"] = str(folder)
    yaml.dump(params, project / "params.yaml")
    command = [sys.executable, "-m", "stages.benchmark"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    known = "BSD100, Manga109, Set14, Set5, Urban100"
    expected = f"no published rows for Set1, Set2, mine; they are for {known}\n"
    assert (done.returncode, done.stderr) == (0, expected)
    summary = json.loads((project / "metrics/benchmark.json").read_text())
    assert list(summary) == ["Set1", "Set2", "mine"]
    assert list(summary["mine"]) == ["basic", "vgg", "shipped"]
    means = pd.read_csv(project / "plots/benchmark.csv", keep_default_na=False)
    found = line(means, "mine", "vgg", "large")
    assert found["weights"] == "random weights"
    assert found["psnr"] == summary["mine"]["vgg"]["large"]
    table = pd.read_csv(project / "plots/benchmark_images.csv", keep_default_na=False)
    assert list(table) == [
        "data_set", "image", "method", "output", "weights", "psnr", "ssim", "gain",
    ]  # fmt: skip
    assert len(table) == 4 * (2 + 2 + 1 + 2 + 2)
    mean = table.query("data_set == 'Set2' and method == 'vgg' and output == 'mid'")["psnr"].mean()
    assert summary["Set2"]["vgg"]["mid"] == pytest.approx(mean, abs=1e-4)


def test_a_further_metric_is_of_the_same_pixels_in_colour():
    """PSNR of luma from colours, less the border, is what the field's PSNR of luma is."""
    target = arrays()[0]
    output = imresize(imresize(target, 1 / 4), 4)
    optional = OptionalMetrics({"psnr_y": psnr_y})
    found = judge(output, target, 4, optional)
    assert found["psnr_y"] == pytest.approx(found["psnr"], abs=1e-3)


def test_psnr_of_luma_is_not_measured_twice(folder):
    asked = Evaluate(metrics=["psnr_y"], vgg16="data/none", ensemble=False)
    images = find_images(str(folder), MANY)
    table = evaluate_benchmarks([], tiny_linear(), images, MANY, CPU, extra=asked)
    plain = evaluate_benchmarks([], tiny_linear(), images, MANY, CPU)
    pd.testing.assert_frame_equal(table, plain)


def test_a_network_among_the_metrics_needs_larger_images(tmp_path, monkeypatch):
    """Four poolings leave nothing of fewer than 16 pixels, less a border of 4 on both sides."""
    monkeypatch.setattr(
        module, "load_optional_metrics", lambda asked, device: OptionalMetrics({}, "weights of …")
    )
    Image.fromarray(arrays()[0][:20, :20]).save(tmp_path / "a.png")
    asked = Evaluate(metrics=["lpips"], vgg16="data/none", ensemble=False)
    images = find_images(str(tmp_path), MANY)
    for refuse in (
        lambda: find_images(str(tmp_path), MANY, asked),  # before anything is judged
        lambda: evaluate_benchmarks([], tiny_linear(), images, MANY, CPU, extra=asked),
    ):
        with pytest.raises(StudyError, match=r"a\.png: 20 x 20 pixels, a benchmark needs 24 a"):
            refuse()
    Image.fromarray(arrays()[0][:24, :24]).save(tmp_path / "a.png")
    table = evaluate_benchmarks([], tiny_linear(), images, MANY, CPU, extra=asked)
    assert set(table["metric_weights"]) == {"weights of …"}
    assert list(by_data_set(table))[-1] == "metric_weights"
