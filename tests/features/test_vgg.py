import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision
from photographs import photographs
from safetensors.torch import load_file, save_file
from torchvision.models import VGG16_Weights, vgg16

from srcore.common.errors import StudyError
from srcore.features import vgg
from srcore.features.extractor import Extractor, load_extractor

CPU = torch.device("cpu")
WEIGHTS = VGG16_Weights.IMAGENET1K_V1
SHAPES = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128)}
"""Layer of torchvision's `features` → channels out and in, up to conv2_2."""


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    """Random tensors in torchvision's naming, with layers that are not needed."""
    generator = torch.manual_seed(3)
    made = {"classifier.6.bias": torch.zeros(1000), "features.10.bias": torch.zeros(256)}
    for layer, (outputs, inputs) in SHAPES.items():
        made[f"features.{layer}.weight"] = 0.1 * torch.randn(
            outputs, inputs, 3, 3, generator=generator
        )
        made[f"features.{layer}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return made


def crops() -> list[torch.Tensor]:
    """Small pieces of photographs (1, 3, H, W), even and odd."""
    return [photograph[..., 20:61, 30:78] for photograph in photographs()]


def by_hand(tensors: dict[str, torch.Tensor], low: torch.Tensor) -> torch.Tensor:
    """conv1_1 … conv2_2 written out, on ImageNet-normalised images."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x = (low - mean) / std
    for layer in SHAPES:
        if layer == 5:
            x = F.max_pool2d(x, 2)
        x = F.relu(
            F.conv2d(
                x, tensors[f"features.{layer}.weight"], tensors[f"features.{layer}.bias"], padding=1
            )
        )
    return x


def assert_same_but_for_a_factor(found: torch.Tensor, expected: torch.Tensor) -> None:
    """The factor must be a power of two, which costs no precision."""
    factor = (found.norm() / expected.norm()).log2().round().exp2()
    torch.testing.assert_close(found / factor, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["vgg.safetensors", "vgg.pt", "vgg.pth"])
def test_a_file_in_torchvisions_naming_is_read(tensors, tmp_path, name):
    path = tmp_path / name
    save_file(tensors, path) if name.endswith("safetensors") else torch.save(tensors, path)
    extractor = vgg.load(str(path), CPU)
    assert extractor.label == f"weights of {name}"
    for low in crops():
        found = extractor.embed(low)
        assert found.shape == (1, 128, low.shape[-2] // 2, low.shape[-1] // 2)
        assert_same_but_for_a_factor(found, by_hand(tensors, low))


@pytest.mark.parametrize("size", [1e-3, 1, 1e3])
def test_features_are_about_one_in_size_whatever_the_weights(tensors, tmp_path, size):
    tensors = {name: size * value for name, value in tensors.items()}
    save_file(tensors, tmp_path / "vgg.safetensors")
    features = vgg.load(str(tmp_path / "vgg.safetensors"), CPU)(torch.rand(2, 3, 40, 40))
    assert 0.1 < features.square().mean().sqrt() < 10


def test_weights_of_nothing_stay_nothing(tensors, tmp_path):
    save_file({n: torch.zeros_like(v) for n, v in tensors.items()}, tmp_path / "vgg.safetensors")
    features = vgg.load(str(tmp_path / "vgg.safetensors"), CPU)(torch.rand(1, 3, 8, 8))
    assert features.eq(0).all()


def test_the_same_weights_have_the_same_fingerprint_whatever_the_file(tensors, tmp_path):
    save_file(tensors, tmp_path / "a.safetensors")
    torch.save(tensors, tmp_path / "b.pt")
    first = vgg.load(str(tmp_path / "a.safetensors"), CPU)
    assert first.fingerprint == vgg.load(str(tmp_path / "b.pt"), CPU).fingerprint
    assert first.fingerprint != vgg.load("random", CPU).fingerprint


def test_the_input_is_left_as_it_was(tensors, tmp_path):
    torch.save(tensors, tmp_path / "vgg.pt")
    low = crops()[0]
    before = low.clone()
    vgg.load(str(tmp_path / "vgg.pt"), CPU)(low)
    assert torch.equal(low, before)


def test_random_weights_are_seeded_and_leave_the_callers_seed_alone():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = load_extractor("vgg", "random", CPU)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    second = load_extractor("vgg", "random", CPU)
    assert first.fingerprint == second.fingerprint
    assert torch.equal(first(crops()[0]), second(crops()[0]))
    assert first.label == "random weights"
    assert first(crops()[0]).std() > 0.1  # of a size that a network can learn from


def one_line(weights: Path | str) -> str:
    with pytest.raises(StudyError) as caught:
        vgg.load(str(weights), CPU)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_tensor_is_named(tensors, tmp_path):
    del tensors["features.5.bias"]
    torch.save(tensors, tmp_path / "vgg.pt")
    message = one_line(tmp_path / "vgg.pt")
    assert "vgg.pt" in message
    assert "features.5.bias" in message


def test_a_tensor_of_another_shape_is_named(tensors, tmp_path):
    tensors["features.2.weight"] = torch.zeros(64, 64, 5, 5)
    torch.save(tensors, tmp_path / "vgg.pt")
    message = one_line(tmp_path / "vgg.pt")
    assert "features.2.weight" in message
    assert "(64, 64, 5, 5)" in message
    assert "(64, 64, 3, 3)" in message


class Harmful:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


def test_a_pickle_with_code_is_refused_unrun(tmp_path):
    torch.save({"features.0.weight": Harmful(tmp_path / "ran")}, tmp_path / "evil.pt")
    assert "refused" in one_line(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()
    torch.load(tmp_path / "evil.pt", weights_only=False)  # the canary does sing
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["vgg.safetensors", "vgg.pt"])
@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_truncated_file_is_one_line(tensors, tmp_path, name, kept):
    path = tmp_path / name
    save_file(tensors, path) if name.endswith("safetensors") else torch.save(tensors, path)
    data = path.read_bytes()
    path.write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    assert name in one_line(path)


@pytest.mark.parametrize("value", [torch.zeros(3), [1, 2], {"features.0.weight": 3}])
def test_a_torch_file_of_something_else_is_one_line(tmp_path, value):
    torch.save(value, tmp_path / "vgg.pt")
    assert "state_dict" in one_line(tmp_path / "vgg.pt")


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_values_that_are_no_numbers_are_named(tensors, tmp_path, bad):
    tensors["features.7.bias"][5] = bad
    torch.save(tensors, tmp_path / "vgg.pt")
    assert "features.7.bias holds NaN or infinite values" in one_line(tmp_path / "vgg.pt")


@pytest.mark.parametrize(
    "odd",
    [
        torch.zeros(64, dtype=torch.int64),
        torch.zeros(64, dtype=torch.complex64),
        torch.zeros(64).to_sparse(),
        torch.zeros(64, device="meta"),
        torch.quantize_per_tensor(torch.zeros(64), 1, 0, torch.qint8),
    ],
    ids=["whole", "complex", "sparse", "meta", "quantised"],
)
def test_tensors_without_plain_numbers_are_named(tensors, tmp_path, odd):
    tensors["features.0.bias"] = odd
    torch.save(tensors, tmp_path / "vgg.pt")
    assert "vgg.pt" in one_line(tmp_path / "vgg.pt")


def test_a_packed_torch_file_is_refused(tensors, tmp_path):
    """A few bytes of it may unpack to any size."""
    torch.save(tensors, tmp_path / "whole.pt")
    with (
        zipfile.ZipFile(tmp_path / "whole.pt") as whole,
        zipfile.ZipFile(tmp_path / "vgg.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    assert "is packed" in one_line(tmp_path / "vgg.pt")


@pytest.mark.parametrize("name", ["vgg.pt", "vgg.safetensors"])
def test_a_pipe_and_a_folder_are_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert "a pipe or a device" in one_line(tmp_path / name)
    (tmp_path / "folder.pt").mkdir()
    assert "a folder, a pipe" in one_line(tmp_path / "folder.pt")


def test_a_state_dict_within_a_file_is_read(tensors, tmp_path):
    torch.save({"epoch": 3, "state_dict": tensors}, tmp_path / "vgg.pt")
    torch.save(tensors, tmp_path / "plain.pt")
    first, plain = (vgg.load(str(tmp_path / name), CPU) for name in ("vgg.pt", "plain.pt"))
    assert first.fingerprint == plain.fingerprint


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    assert "no such file" in one_line(tmp_path / "nowhere.pt")
    assert "no such file" in one_line(tmp_path / "nowhere.safetensors")


@pytest.fixture
def cache(monkeypatch, tmp_path) -> Path:
    """An empty cache for torchvision's own loader."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


def kept(cache: Path, content: object, monkeypatch, published: bool) -> Path:
    """Put a torch file where torchvision's would be; `published` makes it the one that is meant."""
    cache.mkdir(parents=True)
    path = cache / WEIGHTS.url.rpartition("/")[2]
    torch.save(content, path)
    if published:
        monkeypatch.setattr(vgg, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_pretrained_weights_come_from_torchvisions_cache(tensors, cache, monkeypatch):
    kept(cache, tensors, monkeypatch, published=True)
    extractor = vgg.load("pretrained", CPU)
    assert extractor.label == "pretrained weights"
    low = crops()[0]
    assert_same_but_for_a_factor(extractor.embed(low), by_hand(tensors, low))


def test_the_checksum_is_that_of_torchvisions_file():
    assert WEIGHTS.url.endswith(f"vgg16-{vgg.SHA256[:8]}.pth")
    assert len(vgg.SHA256) == 64


@pytest.mark.parametrize("published", [False, True])
def test_what_was_planted_in_the_cache_is_not_run(tmp_path, cache, monkeypatch, published):
    """Not even where somebody had its checksum published."""
    harmful = {"features.0.weight": Harmful(tmp_path / "ran")}
    path = kept(cache, harmful, monkeypatch, published)
    message = one_line("pretrained")
    assert f"{path}: refused" in message
    assert not (tmp_path / "ran").exists()
    assert path.exists(), "it is the user's to remove"


def test_other_weights_in_the_cache_are_refused(tensors, cache, monkeypatch):
    """One bit of a value that no layer here needs."""
    path = kept(cache, tensors, monkeypatch, published=True)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "is not the published file" in one_line("pretrained")


@pytest.fixture
def mirror(tmp_path, monkeypatch) -> Iterator[Path]:
    """A server in place of torchvision's, on this machine; gives the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        (folder / "address").write_text(address)
        yield folder
        server.shutdown()
        thread.join()


def offer(folder: Path, tensors: dict[str, torch.Tensor], monkeypatch, digest: str = "") -> None:
    """Serve the tensors under a name with their checksum, as torchvision's files have it."""
    torch.save(tensors, folder / "new")
    whole = hashlib.sha256((folder / "new").read_bytes()).hexdigest()
    digest = digest or whole[:8]
    monkeypatch.setattr(vgg, "SHA256", digest + whole[8:])
    (folder / "new").rename(folder / f"vgg16-{digest}.pth")
    address = (folder / "address").read_text()
    monkeypatch.setattr(WEIGHTS.value, "url", f"{address}/vgg16-{digest}.pth")


def test_pretrained_weights_are_fetched_once(tensors, cache, mirror, monkeypatch):
    offer(mirror, tensors, monkeypatch)
    first = vgg.load("pretrained", CPU)
    assert [path.name for path in cache.iterdir()] == [WEIGHTS.url.rpartition("/")[2]]
    next(mirror.glob("*.pth")).unlink()
    assert vgg.load("pretrained", CPU).fingerprint == first.fingerprint
    assert_same_but_for_a_factor(first.embed(crops()[0]), by_hand(tensors, crops()[0]))


def test_a_fetched_file_with_another_checksum_is_refused(tensors, cache, mirror, monkeypatch):
    offer(mirror, tensors, monkeypatch, digest="0123abcd")
    assert "frozen.vgg = pretrained" in one_line("pretrained")
    assert list(cache.glob("*.pth")) == []


@pytest.mark.usefixtures("cache")
def test_pretrained_weights_without_a_network_are_one_line(mirror, monkeypatch):
    address = (mirror / "address").read_text()
    monkeypatch.setattr(WEIGHTS.value, "url", f"{address}/vgg16-397923af.pth")
    message = one_line("pretrained")
    assert "404" in message
    assert "give the path of a file" in message


def real(shared: Path) -> Path:
    path = shared / "weights" / "vgg16_features_to_conv2_2.safetensors"
    if not path.is_file():
        pytest.skip("no real VGG16 weights in the shared folder")
    return path


def normalise(low: torch.Tensor) -> torch.Tensor:
    """What torchvision's own transform for these weights does after its crop."""
    transform = WEIGHTS.transforms()
    return torchvision.transforms.functional.normalize(low, transform.mean, transform.std)


def test_real_weights_give_what_torchvisions_network_gives(shared):
    path = real(shared)
    network = vgg16().features[:9].eval()
    state = {name.removeprefix("features."): value for name, value in load_file(path).items()}
    network.load_state_dict(state)
    extractor = vgg.load(str(path), CPU)
    low = crops()[0]
    with torch.inference_mode():
        expected = network(normalise(low))
    assert extractor.label == f"weights of {path.name}"
    assert_same_but_for_a_factor(extractor.embed(low), expected)


def test_real_weights_see_edges(shared):
    """A trained first layer answers to a photograph far more than to an even grey."""
    extractor: Extractor = vgg.load(str(real(shared)), CPU)
    busy, even = extractor(photographs()[0]), extractor(torch.full((1, 3, 144, 144), 0.5))
    assert busy.isfinite().all()
    spread = [seen[..., 2:-2, 2:-2].var(dim=(-1, -2)).mean() for seen in (busy, even)]
    assert spread[0] > 0.1
    assert spread[0] > 1000 * spread[1]
    assert even[..., 4:-4, 4:-4].var(dim=(-1, -2)).max() < 1e-3
