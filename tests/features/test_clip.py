import gc
import hashlib
import logging
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from photographs import arrays, photographs
from PIL import Image
from safetensors.torch import save_file
from tiny import tiny_clip

from srcore.common.errors import StudyError
from srcore.features import clip as clip_module
from srcore.features.clip import ARCHITECTURE, Clip, load_clip
from srcore.features.extractor import RANDOM_SEED, fingerprint

CPU = torch.device("cpu")
SENTENCES = [
    "a photo of a dog.",
    "!",
    "Ein Hund läuft über die Wiese.",
    "犬がボールを追いかけている",
    "كلب يركض 🐕",
    "word " * 200,
]


WHOLE = 12
"""Layers of either tower of ViT-B/32."""
whole = pytest.mark.parametrize("depth", [WHOLE], indirect=True)


@contextmanager
def so_deep(layers: int) -> Iterator[None]:
    """Have open_clip build the towers so many layers deep; all else is as it was."""
    config = open_clip.get_model_config(ARCHITECTURE)
    config["vision_cfg"]["layers"] = config["text_cfg"]["layers"] = layers
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(open_clip.factory._MODEL_CONFIGS, ARCHITECTURE, config)
        yield


@pytest.fixture(scope="module", params=[2, pytest.param(WHOLE, marks=pytest.mark.slow)])
def depth(request) -> int:
    return request.param


@pytest.fixture(scope="module")
def checkpoint(depth, tmp_path_factory) -> Iterator[Path]:
    """A checkpoint of the real architecture, of random values, in float16 as OpenAI's are."""
    path = tmp_path_factory.mktemp("clip") / "ViT-B-32.pt"
    torch.manual_seed(7)
    with so_deep(depth):
        model = open_clip.create_model(ARCHITECTURE)
    torch.save({name: value.half() for name, value in model.state_dict().items()}, path)
    yield path
    path.unlink()  # hundreds of megabytes


@pytest.fixture(scope="module")
def loaded(depth, checkpoint) -> Clip:
    with so_deep(depth):
        return load_clip(str(checkpoint), CPU)


@pytest.fixture(scope="module")
def theirs(depth, checkpoint):
    """The same file through open_clip alone: model and transform."""
    with so_deep(depth):
        model, _, transform = open_clip.create_model_and_transforms(
            ARCHITECTURE, pretrained=str(checkpoint)
        )
    return model.eval(), transform


def images() -> list[Image.Image]:
    return [Image.fromarray(array) for array in arrays()]


def test_a_checkpoint_by_path_embeds_images_as_open_clip_does(loaded, theirs):
    model, transform = theirs
    with torch.inference_mode():
        expected = model.encode_image(torch.stack([transform(p) for p in images()]))
    torch.testing.assert_close(loaded.embed_images(images()), expected, atol=1e-5, rtol=0)
    assert expected.shape == (3, 512)
    assert expected.std() > 0.01


def test_a_checkpoint_by_path_embeds_sentences_as_open_clip_does(loaded, theirs):
    model, _ = theirs
    tokens = open_clip.get_tokenizer(ARCHITECTURE)(SENTENCES)
    with torch.inference_mode():
        expected = model.encode_text(tokens, normalize=True)
    for chosen in ([0], [0, 1, 2, 3, 4], [5], [0, 5]):  # the longest sets what is left out
        found = loaded.embed_sentences([SENTENCES[k] for k in chosen])
        torch.testing.assert_close(found, expected[chosen], atol=1e-5, rtol=0)


def test_a_checkpoint_is_named_by_its_file_alone(loaded, theirs):
    assert loaded.label == "weights of ViT-B-32.pt"
    assert loaded.scale == pytest.approx(1 / 0.07, rel=1e-3)
    assert loaded.extractor().fingerprint == fingerprint(theirs[0].visual)


def test_an_extractor_lets_the_text_tower_go():
    clip = tiny_clip()
    whole = weakref.ref(clip.model)
    extractor = clip.extractor()
    del clip
    gc.collect()
    assert whole() is None
    assert extractor(torch.rand(1, 3, 8, 8)).shape[0] == 1


@whole
@pytest.mark.slow
def test_safetensors_give_the_same_network(checkpoint, loaded, tmp_path):
    path = tmp_path / "clip.safetensors"
    save_file(torch.load(checkpoint, weights_only=True), path)
    assert fingerprint(load_clip(str(path), CPU).model) == fingerprint(loaded.model)
    path.unlink()


def save_program(model: torch.nn.Module, path: Path) -> None:
    """Save a network as OpenAI saved theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inputs = torch.zeros(1, 3, 224, 224), torch.zeros(1, 77, dtype=torch.long)
        torch.jit.trace(model, inputs, check_trace=False).save(path)


@whole
@pytest.mark.slow
def test_openais_own_file_is_read_and_no_other_program(
    checkpoint, loaded, theirs, tmp_path, monkeypatch
):
    path = tmp_path / "ViT-B-32.pt"
    save_program(theirs[0], path)
    with pytest.raises(StudyError, match=r"not OpenAI's ViT-B-32\.pt"):
        load_clip(str(path), CPU)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(clip_module, "OPENAI_SHA256", digest)
    assert fingerprint(load_clip(str(path), CPU).model) == fingerprint(loaded.model)
    path.unlink()


def test_another_torchscript_program_is_refused_unrun(tmp_path):
    path = tmp_path / "program.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 2)).save(path)
    with pytest.raises(StudyError, match=r"program\.pt: refused") as caught:
        load_clip(str(path), CPU)
    assert "\n" not in str(caught.value)


def test_preprocessing_is_open_clips_transform(random_clip):
    ours = [random_clip.preprocess(image) for image in images()]
    theirs = open_clip.image_transform(
        224, is_train=False, mean=OPENAI_DATASET_MEAN, std=OPENAI_DATASET_STD
    )
    for found, image in zip(ours, images(), strict=True):
        torch.testing.assert_close(found, theirs(image), atol=0, rtol=0)


def test_preprocessing_is_resize_crop_and_normalisation(random_clip):
    """Written out by Pillow and numpy alone, as in the CLIP paper's code."""
    for image in images():
        width, height = image.size
        scale = 224 / min(width, height)
        size = (224, int(224 * height / width)) if width <= height else (int(width * scale), 224)
        big = image.resize(size, Image.Resampling.BICUBIC)
        left, top = (round((side - 224) / 2) for side in big.size)
        crop = np.asarray(big.crop((left, top, left + 224, top + 224)), np.float64) / 255
        expected = (crop - np.array(OPENAI_DATASET_MEAN)) / np.array(OPENAI_DATASET_STD)
        found = random_clip.preprocess(image).permute(1, 2, 0).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_random_weights_are_seeded_and_leave_the_callers_seed_alone(random_clip):
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    again = load_clip("random", CPU)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert fingerprint(again.model) == fingerprint(random_clip.model)
    assert again.label == "random weights"
    assert RANDOM_SEED == 0


def test_nothing_of_it_can_be_trained(random_clip):
    assert not any(value.requires_grad for value in random_clip.model.parameters())
    assert not random_clip.model.training


def test_the_extractor_sees_what_a_saved_image_would_show(random_clip, tmp_path):
    extractor = random_clip.extractor()
    low = photographs()[0] + 0.001  # between two of the 256 values
    Image.fromarray(arrays()[0]).save(tmp_path / "saved.png")
    saved = random_clip.embed_images([Image.open(tmp_path / "saved.png")])
    found = extractor(low)
    assert found.shape == (1, 512)
    expected = torch.nn.functional.normalize(saved, dim=1)
    # Another size of batch moves the last bits of a sum, and so the rounding of a few features.
    torch.testing.assert_close(found, expected.half().float(), atol=0, rtol=2**-10)


@pytest.mark.slow
def test_the_extractor_gives_the_same_bits_whatever_the_batch(random_clip):
    extractor = random_clip.extractor()
    low = torch.rand(11, 3, 16, 16, generator=torch.manual_seed(0))
    assert extractor.batch > 1
    together = extractor(low)
    for size in (1, 3, 8):
        assert torch.equal(together, torch.cat([extractor(part) for part in low.split(size)])), size
    order = torch.randperm(len(low), generator=torch.manual_seed(1))
    assert torch.equal(extractor(low[order]), together[order]), "neighbours count"


@pytest.mark.parametrize(("sentence", "cut"), [(0, False), (3, False), (5, True)])
def test_long_sentences_are_known(random_clip, sentence, cut):
    assert random_clip.is_cut_off(SENTENCES[sentence]) is cut


def test_the_limit_is_77_tokens_with_both_ends(random_clip):
    assert not random_clip.is_cut_off("dog " * 75)
    assert random_clip.is_cut_off("dog " * 76)


class Harmful:
    """What runs when a careless program unpickles it."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


def test_a_pickle_with_code_is_refused_unrun(tmp_path):
    path, canary = tmp_path / "evil.pt", tmp_path / "ran"
    torch.save({"visual.proj": Harmful(canary)}, path)
    with pytest.raises(StudyError, match=r"evil\.pt: refused; only tensors are read") as caught:
        load_clip(str(path), CPU)
    assert "\n" not in str(caught.value)
    assert not canary.exists()


@pytest.mark.parametrize("name", ["noise.pt", "noise.safetensors"])
def test_a_file_that_holds_no_tensors_is_one_line(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(StudyError, match=f"{name}: (not a readable|refused)") as caught:
        load_clip(str(path), CPU)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_one_line(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(2, 2)}, path)
    refused = pytest.raises(StudyError, match=r"other\.safetensors: not a ViT-B-32")
    with so_deep(1), refused as caught:
        load_clip(str(path), CPU)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.int8])
def test_tensors_without_plain_numbers_are_named(tmp_path, dtype):
    """torch would drop an imaginary part, and take whole numbers for weights."""
    path = tmp_path / "other.pt"
    torch.save({"visual.proj": torch.zeros(768, 512, dtype=dtype)}, path)
    refused = pytest.raises(StudyError, match=r"other\.pt: visual\.proj holds no real numbers")
    with so_deep(1), refused:
        load_clip(str(path), CPU)


@pytest.fixture
def cache(monkeypatch, tmp_path) -> Path:
    """A cache of open_clip's of our own, with nothing in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    address = {"url": "http://127.0.0.1:9/ViT-B-32.pt"}
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda *_: address)
    return tmp_path / ".cache/clip"


@pytest.mark.usefixtures("cache")
@pytest.mark.slow
def test_pretrained_without_a_network_is_one_line():
    with pytest.raises(StudyError, match=r"^frozen\.clip = pretrained: .*refused") as caught:
        load_clip("pretrained", CPU)
    assert "\n" not in str(caught.value)


def test_the_checksum_is_the_one_in_open_clips_address():
    url = open_clip.get_pretrained_cfg(ARCHITECTURE, "openai")["url"]
    assert clip_module.OPENAI_SHA256 in url.split("/")


def test_what_was_planted_in_open_clips_cache_is_not_run(tmp_path, cache):
    cache.mkdir(parents=True)
    path = cache / "ViT-B-32.pt"
    torch.save({"visual.proj": Harmful(tmp_path / "ran")}, path)
    with pytest.raises(StudyError) as caught:
        load_clip("pretrained", CPU)
    assert f"{path}: refused; it is not the published file" in str(caught.value)
    assert not (tmp_path / "ran").exists()


@whole
@pytest.mark.slow
def test_pretrained_is_openais_own_file_of_open_clips_cache(theirs, loaded, cache, monkeypatch):
    cache.mkdir(parents=True)
    path = cache / "ViT-B-32.pt"
    save_program(theirs[0], path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(clip_module, "OPENAI_SHA256", digest)
    clip = load_clip("pretrained", CPU)
    path.unlink()
    assert clip.label == "pretrained weights"
    assert fingerprint(clip.model) == fingerprint(loaded.model)


def test_open_clip_is_not_heard_and_the_log_level_is_put_back(tmp_path, caplog):
    path = tmp_path / "noise.pt"
    path.write_bytes(b"noise")
    with caplog.at_level(logging.INFO), pytest.raises(StudyError):
        load_clip(str(path), CPU)
    assert caplog.records == []
    with caplog.at_level(logging.INFO):
        logging.getLogger().info("heard")
    assert len(caplog.records) == 1
