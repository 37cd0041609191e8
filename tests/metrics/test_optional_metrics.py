"""Metrics that are measured only when they are asked for, against independent references."""

import re
import sys
from importlib import import_module

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor
from torchvision.models import vgg16

from srcore.common.errors import StudyError
from srcore.images.matlab import luma
from srcore.metrics import vgg16 as module
from srcore.metrics.optional import load_optional_metrics
from srcore.metrics.requested import check_metrics
from srcore.metrics.table import METRICS, OPTIONAL_METRICS, Measure, measured
from srcore.params.schema import Evaluate

DEEP = ("lpips", "dists")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    """All of VGG16 with random weights, in torchvision's names."""
    torch.manual_seed(0)
    state = vgg16(weights=None).state_dict()
    return {name: value for name, value in state.items() if name.startswith("features.")}


@pytest.fixture(scope="module")
def weights(tensors: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("vgg16") / "vgg16.safetensors"
    save_file(tensors, path)
    return str(path)


@pytest.fixture(scope="module")
def pair() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    target = torch.rand(2, 3, 48, 40, generator=generator)
    return (target + 0.1 * torch.randn(target.shape, generator=generator)).clamp(0, 1), target


def asked(*names: str, vgg16: str = "data/none") -> Evaluate:
    return Evaluate.model_validate({"metrics": [*names], "vgg16": vgg16, "ensemble": False})


def load(*names: str, vgg16: str = "data/none") -> dict[str, Measure]:
    return dict(load_optional_metrics(asked(*names, vgg16=vgg16), CPU).measures)


def test_a_table_has_those_that_it_has_columns_for():
    assert measured(["method", "lpips", "psnr"]) == METRICS | {"lpips": OPTIONAL_METRICS["lpips"]}


def test_nothing_is_measured_that_was_not_asked_for():
    assert load() == {}


def test_luma_is_matlabs(pair):
    found = load("psnr_y")["psnr_y"](*pair)
    images = [(255 * x.permute(0, 2, 3, 1).double().numpy()) for x in pair]
    for k in range(2):
        one, other = (luma(image[k]) for image in images)  # not rounded, so not quite 8-bit
        assert found[k].item() == pytest.approx(
            peak_signal_noise_ratio(other, one, data_range=255), abs=1e-4
        )


@pytest.mark.parametrize("name", DEEP)
def test_equal_images_differ_by_nothing_and_each_image_has_its_own_figure(name, weights, pair):
    measure = load(name, vgg16=weights)[name]
    output, target = pair
    assert measure(target, target).abs().max() < 1e-5
    both = measure(output, target)
    assert both.shape == (2,)
    assert both.min() > 0
    alone = measure(output[1:], target[1:])
    torch.testing.assert_close(both[1:], alone)
    assert OPTIONAL_METRICS[name].higher_is_better is False
    worse = (output + 0.2 * torch.randn(output.shape)).clamp(0, 1)
    assert (measure(worse, target) > both).all()


def taps(tensors: dict[str, Tensor], x: Tensor, *, pool) -> list[Tensor]:
    """What VGG16 sees after the ReLU of each block, layer by layer, from its tensors alone."""
    seen: list[Tensor] = []
    for layer in range(30):
        if f"features.{layer}.weight" in tensors:
            x = F.conv2d(
                x, tensors[f"features.{layer}.weight"], tensors[f"features.{layer}.bias"], padding=1
            )
        elif layer in (4, 9, 16, 23):
            x = pool(x)
        else:
            x = F.relu(x)
        if layer in (3, 8, 15, 22, 29):
            seen.append(x)
    return seen


def test_lpips_is_that_of_its_paper(tensors, weights, pair):
    """Zhang et al. 2018, equation 1, with the linear layers that come with the library."""
    found = load("lpips", vgg16=weights)["lpips"](*pair)
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(3, 1, 1)
    sides = [
        taps(tensors, (2 * x - 1 - shift) / scale, pool=lambda x: F.max_pool2d(x, 2)) for x in pair
    ]
    linear = own_layers()
    total = torch.zeros(2)
    for place, (one, other) in enumerate(zip(*sides, strict=True)):
        unit = [x / (1e-8 + x.square().sum(1, keepdim=True)).sqrt() for x in (one, other)]
        squares = (unit[0] - unit[1]).square()
        total += F.conv2d(squares, linear[place]).mean(dim=(1, 2, 3))
    torch.testing.assert_close(found, total, rtol=1e-4, atol=1e-6)


def own_layers() -> list[Tensor]:
    from importlib.resources import files

    path = files("torchmetrics") / "functional/image/lpips_models/vgg.pth"
    state = torch.load(str(path), map_location="cpu", weights_only=True)
    return [state[f"lin{place}.model.1.weight"] for place in range(5)]


def test_dists_is_that_of_its_paper(tensors, weights, pair):
    """Ding et al. 2020, equations 5 to 7, with the weights that come with the library."""
    from importlib.resources import files

    found = load("dists", vgg16=weights)["dists"](*pair)
    own = torch.load(
        str(files("torchmetrics") / "functional/image/dists_models/weights.pt"),
        map_location="cpu",
        weights_only=True,
    )
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    window = torch.from_numpy(np.hanning(5)[1:-1]).float()
    kernel = torch.outer(window, window) / torch.outer(window, window).sum()

    def pool(x: Tensor) -> Tensor:
        weight = kernel.expand(x.shape[1], 1, 3, 3)
        squares = F.conv2d(x.square(), weight, stride=2, padding=1, groups=x.shape[1])
        return (squares + 1e-12).sqrt()

    sides = [[x, *taps(tensors, (x - mean) / std, pool=pool)] for x in pair]
    alpha, beta = own["alpha"].flatten(), own["beta"].flatten()
    whole, start, similarity = alpha.sum() + beta.sum(), 0, torch.zeros(2)
    for one, other in zip(*sides, strict=True):
        places = slice(start, start := start + one.shape[1])
        x, y = one.flatten(2), other.flatten(2)
        mx, my = x.mean(2), y.mean(2)
        covariance = (x * y).mean(2) - mx * my
        variances = x.var(2, correction=0) + y.var(2, correction=0)
        luminance = (2 * mx * my + 1e-6) / (mx.square() + my.square() + 1e-6)
        structure = (2 * covariance + 1e-6) / (variances + 1e-6)
        similarity += (alpha[places] * luminance + beta[places] * structure).sum(1) / whole
    torch.testing.assert_close(found, 1 - similarity, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features.17.bias": None}, "holds no features.17.bias of shape (512,); give all"),
        ({"features.0.bias": torch.zeros(3)}, "holds no features.0.bias of shape (64,); give all"),
        ({"features.28.bias": torch.full((512,), torch.nan)}, "features.28.bias holds NaN"),
    ],
)
@pytest.mark.parametrize("name", DEEP)
def test_weights_that_are_no_whole_vgg16_are_named_by_their_file(
    tensors, tmp_path, name, change, said
):
    path = tmp_path / "part.safetensors"
    save_file({k: v for k, v in (tensors | change).items() if v is not None}, path)
    with pytest.raises(StudyError, match=f"^{re.escape(f'{path}: {said}')}"):
        load(name, vgg16=str(path))


@pytest.mark.parametrize(
    ("name", "lost"), [("lpips", "_LPIPS"), ("dists", "DISTSNetwork"), ("dists", "vgg16")]
)
def test_a_torchmetrics_that_lacks_its_private_names_is_one_line(weights, monkeypatch, name, lost):
    theirs = import_module(f"torchmetrics.functional.image.{name}")
    monkeypatch.delattr(theirs, lost)
    with pytest.raises(StudyError, match=rf"{name} does not work with torchmetrics .*{lost}.*pip"):
        load(name, vgg16=weights)
    monkeypatch.setitem(sys.modules, theirs.__name__, None)
    with pytest.raises(StudyError, match=rf"{name} does not work with torchmetrics .*pip install"):
        load(name, vgg16=weights)


def test_a_network_without_places_for_the_weights_is_no_metric(tensors):
    """What a new version of the library might do: its weights would stay random."""
    with pytest.raises(RuntimeError, match="0 of VGG16's 26 tensors have a place"):
        module.fill(torch.nn.Sequential(torch.nn.Conv2d(3, 64, 3)), tensors)


def test_weights_are_named_and_the_random_state_stays(weights):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    found = load_optional_metrics(asked("dists", "psnr_y", "lpips", vgg16=weights), CPU)
    assert torch.equal(torch.get_rng_state(), before)
    assert list(found.measures) == ["dists", "psnr_y", "lpips"]
    assert found.weights == "weights of vgg16.safetensors"
    assert load_optional_metrics(asked("psnr_y"), CPU).weights == ""


def test_nothing_is_fetched_and_no_pickle_is_run(weights, monkeypatch):
    read: list[object] = []
    whole = torch.load

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("fetches torchvision's weights")

    def watched(*args, **options):
        read.append(options.get("weights_only"))
        return whole(*args, **options | {"weights_only": True, "map_location": "cpu"})

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torch.load", watched)
    load("dists", "lpips", vgg16=weights)
    assert len(read) == 2, "the libraries' own weights, which are installed with them"
    assert False not in read, "and None is torch's default, tensors alone"


def test_the_check_before_all_work(weights, monkeypatch):
    check_metrics(asked("psnr_y"))
    with pytest.raises(
        StudyError, match="is not one of psnr_y, lpips, dists; did you mean 'lpips'"
    ):
        check_metrics(asked("lpip"))
    with pytest.raises(StudyError, match=r"evaluate\.vgg16 = data/none: lpips need the weights"):
        check_metrics(asked("psnr_y", "lpips"))
    monkeypatch.setattr("srcore.metrics.requested.find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r"lpips and dists need torchmetrics; .*perceptual"):
        check_metrics(asked("lpips", "dists", vgg16=weights))
