"""The demo enlarges and measures with the code of the command and of the study."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from photographs import arrays
from PIL import Image
from tiny import CPU

from srcore.common.errors import StudyError
from srcore.common.tensors import to_tensor
from srcore.demo.choices import SHIPPED, networks, samples
from srcore.demo.work import cropped, enlarge_file
from srcore.images.error import ImageError
from srcore.inference.baselines import upscale
from srcore.inference.load import load_network
from srcore.metrics import ssim
from srcore.metrics.table import HEADLINE, METRICS, measure


@pytest.fixture(scope="module")
def shipped():
    return load_network(None, None, CPU)


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_the_bytes_are_those_of_the_command(shipped, tmp_path, ending):
    torch.set_num_threads(2)
    source = tmp_path / f"a.{ending}"
    Image.fromarray(arrays()[2][:40, :51]).save(source)
    (tmp_path / "page").mkdir()
    made = enlarge_file(source, tmp_path / "page", shipped, 2)
    command = ["upscale", str(source), "--scale", "2", "--device", "cpu"]
    done = subprocess.run([sys.executable, "-m", "srcore", *command], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert made.path.name == f"a.x2.{ending}"
    assert made.path.read_bytes() == (tmp_path / made.path.name).read_bytes()
    assert made.network.shape == made.bicubic.shape == (80, 102, 3)


def test_figures_are_those_of_the_study(shipped, tmp_path):
    target = arrays()[2][:65, :66]
    Image.fromarray(target).save(tmp_path / "a.png")
    made = enlarge_file(tmp_path / "a.png", tmp_path, shipped, 2, shrink=True)
    target = np.ascontiguousarray(target[:64])
    low = np.asarray(Image.fromarray(target).resize((33, 32), Image.Resampling.BICUBIC))
    bicubic = to_tensor(upscale(low[None], "bicubic", 2))
    network = to_tensor(np.array(Image.open(made.path))[None])
    found = [measure(image, to_tensor(target[None])) for image in (bicubic, network)]
    for line, figures in zip(made.figures, found, strict=False):
        assert all(METRICS[name].text(value.item()) in line for name, value in figures.items())
    gain = (found[1][HEADLINE] - found[0][HEADLINE]).item()
    assert made.figures[2] == f"gain over bicubic: {gain:+.2f} dB"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.small.x2.png"]


def test_what_is_no_image_or_too_large_is_one_line(shipped, tmp_path):
    (tmp_path / "a.jpg").write_text("a text")
    with pytest.raises(StudyError, match=r"^a\.jpg: "):
        enlarge_file(tmp_path / "a.jpg", tmp_path, shipped, 2)
    Image.new("L", (6000, 5000)).save(tmp_path / "b.png")
    with pytest.raises(StudyError, match=r"^b\.png: 6000 × 5000 pixels would become 120 mega"):
        enlarge_file(tmp_path / "b.png", tmp_path, shipped, 2)
    message = r"^b\.png: 6000 × 5000 pixels are too many to measure; give an image of at most 12 "
    with pytest.raises(StudyError, match=message):
        enlarge_file(tmp_path / "b.png", tmp_path, shipped, 2, shrink=True)
    Image.new("L", (30, 30)).save(tmp_path / "c.png")
    with pytest.raises(StudyError, match=r"^c\.png: 30 × 30 pixels are too few to shrink"):
        enlarge_file(tmp_path / "c.png", tmp_path, shipped, 4, shrink=True)


def test_work_that_is_not_wanted_ends_at_the_next_tile(shipped, tmp_path):
    Image.fromarray(arrays()[2]).resize((600, 600)).save(tmp_path / "a.png")
    seen = []

    def on_tile(done, total):
        seen.append((done, total))
        raise KeyError

    with pytest.raises(KeyError):
        enlarge_file(tmp_path / "a.png", tmp_path, shipped, 2, on_tile=on_tile)
    assert seen == [(1, 4)]
    assert not (tmp_path / "a.x2.png").exists()


def test_networks_and_samples_are_offered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/models/all"
    folder.mkdir(parents=True)
    (folder / "vgg.seed0.safetensors").touch()
    own = tmp_path / "mine.safetensors"
    own.touch()
    assert [*networks([own])] == [SHIPPED, str(own), "data/models/all/vgg.seed0.safetensors"]
    with pytest.raises(StudyError, match=r"^--checkpoint no: no such file"):
        networks([own.with_name("no").relative_to(tmp_path)])
    assert samples()


def test_only_networks_of_the_study_are_offered_and_each_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "basic.seed0.safetensors"
    wanted = [f"data/models/{place}" for place in (f"basic/{name}", "all/vgg.seed0.safetensors")]
    others = [
        f"data/models/all/{name}",
        "data/models/ideas/plain.own.whole.seed0.safetensors",
        f"data/models/.basic.k3x9w2af.partial/{name}",
        "data/models/notes/mine.safetensors",
    ]
    for path in map(Path, (*wanted, *others)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1, 1))
    assert [*networks([])] == [SHIPPED, *wanted]
    os.utime(others[0], (2, 2))
    assert [*networks([])][1] == others[0], "the newest"
    assert [*networks([Path(wanted[0])])][1:3] == [wanted[0], others[0]], "what is asked for stays"


def test_what_is_too_small_for_the_ssim_is_refused_before_it_is_measured():
    least = 2 * ssim.RADIUS + 1
    for scale in (2, 4):
        assert cropped(Image.new("RGB", (least * scale,) * 2), scale).shape[0] == least * scale
        with pytest.raises(ImageError, match="too few to shrink"):
            cropped(Image.new("RGB", (99, least * scale - 1)), scale)
