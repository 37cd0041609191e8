import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from srcore.common.errors import StudyError
from srcore.models.checkpoint import FORMAT, Card, load_checkpoint, load_set, save_checkpoint
from srcore.models.registry import MODELS, model_class

CARD = Card("basic", 3, {"epochs": 2, "lr": 0.001}, None, None)


def made(name: str = "basic", seed: int = 3):
    torch.manual_seed(seed)
    return model_class(name)()


def one_line(path: Path) -> str:
    with pytest.raises(StudyError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize("name", MODELS)
def test_a_network_comes_back_bit_for_bit(tmp_path, name):
    model = made(name).to(memory_format=torch.channels_last)
    card = Card(name, 7, {"epochs": 1}, "random weights", "f" * 64)
    path = save_checkpoint(model, card, tmp_path)
    assert path == tmp_path / f"{name}.seed7.safetensors"
    again, found = load_checkpoint(path)
    assert found == card
    assert not again.training
    assert type(again) is type(model)
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_the_file_is_the_same_bytes_every_time(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = save_checkpoint(made(), CARD, tmp_path / "a").read_bytes()
    channels_last = made().to(memory_format=torch.channels_last)
    swapped = replace(CARD, trained=dict(reversed(CARD.trained.items())))
    assert save_checkpoint(channels_last, swapped, tmp_path / "b").read_bytes() == first
    assert os.listdir(tmp_path / "a") == ["basic.seed3.safetensors"]  # noqa: PTH208


def test_any_program_that_reads_safetensors_reads_it(tmp_path):
    model = made()
    tensors = load_file(save_checkpoint(model, CARD, tmp_path))
    assert tensors.keys() == dict(model.named_parameters()).keys()


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, 0.999])
def test_a_truncated_file_is_one_line(tmp_path, kept):
    path = save_checkpoint(made(), CARD, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    assert "not a whole safetensors file" in one_line(path)


def test_a_file_of_noise_is_one_line(tmp_path):
    (tmp_path / "noise.safetensors").write_bytes(bytes(range(256)) * 100)
    one_line(tmp_path / "noise.safetensors")


def test_a_missing_file_is_one_line(tmp_path):
    assert "no such checkpoint" in one_line(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize(
    "metadata", [None, {}, {"card": "{"}, {"card": "[]"}, {"card": '{"a": 1}'}]
)
def test_tensors_of_somebody_else_are_one_line(tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    save_file(dict(made().named_parameters()), path, metadata=metadata)
    assert "not a checkpoint of this study" in one_line(path)


def written(tmp_path: Path, tensors=None, **changes: object) -> Path:
    """A checkpoint whose card or tensors are not as they should be."""
    path = tmp_path / "changed.safetensors"
    card = {**asdict(CARD), **changes}
    tensors = dict(made().named_parameters()) if tensors is None else tensors
    save_file(tensors, path, metadata={"card": json.dumps(card)})
    return path


def test_a_newer_format_asks_for_an_update(tmp_path):
    message = one_line(written(tmp_path, format=FORMAT + 1, version="9.9"))
    assert "9.9" in message
    assert "update" in message


def test_a_newer_card_with_more_entries_is_one_line(tmp_path):
    assert "newer version" in one_line(written(tmp_path, colour="blue"))


def test_a_model_that_is_not_in_the_table_is_named(tmp_path):
    assert "'resnext'" in one_line(written(tmp_path, model="resnext"))


def test_wrong_tensors_are_named(tmp_path):
    tensors = dict(made().named_parameters())
    shape = written(tmp_path, tensors | {"conv1.bias": torch.zeros(5)})
    assert "conv1.bias" in one_line(shape)
    more = written(tmp_path, tensors | {"conv9.bias": torch.zeros(5)})
    assert "conv9.bias" in one_line(more)
    tensors.pop("conv2.weight")
    assert "conv2.weight" in one_line(written(tmp_path, tensors))


def test_a_card_of_another_model_is_caught_by_its_tensors(tmp_path):
    assert "not those of 'multi'" in one_line(written(tmp_path, model="multi"))


def test_a_set_is_read_in_the_order_of_the_table_then_by_seed(tmp_path):
    for name, seed in (("vgg", 0), ("basic", 10), ("multi", 0), ("basic", 2)):
        save_checkpoint(made(name), Card(name, seed, {}), tmp_path)
    (tmp_path / "vgg.seed0.metrics.json").write_text("{}")
    order = [(card.model, card.seed) for _, card in load_set(tmp_path)]
    assert order == [("basic", 2), ("basic", 10), ("multi", 0), ("vgg", 0)]


@pytest.mark.parametrize("make", [True, False])
def test_an_empty_set_is_one_line(tmp_path, make):
    folder = tmp_path / "models"
    if make:
        folder.mkdir()
    with pytest.raises(StudyError, match="models: holds no checkpoint"):
        load_set(folder)


def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = save_checkpoint(made(), CARD, tmp_path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("srcore.models.checkpoint.save_file", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(made(seed=4), CARD, tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("depth", [2, 300, 900])
@pytest.mark.parametrize("field", ["trained", "version", "newer version"])
def test_lists_within_lists_are_one_line(tmp_path, depth, field):
    deep = json.loads("[" * depth + "]" * depth)
    newer = {"format": FORMAT + 1} if field == "newer version" else {}
    changes = {"trained": {"lr": deep}} if field == "trained" else {"version": deep, **newer}
    assert one_line(written(tmp_path, **changes))


def test_texts_in_a_list_of_a_card_come_back_printable(tmp_path):
    trained = {"factors": [1.0, 0.5], "names": ["a\x1b[2Jb", "c"]}
    _, card = load_checkpoint(written(tmp_path, trained=trained))
    assert card.trained == {"factors": [1.0, 0.5], "names": [r"a\x1b[2Jb", "c"]}


def test_a_value_that_is_infinite_in_the_network_is_one_line(tmp_path):
    """1e300 is finite in the file's float64, and not in the network's float32."""
    tensors = {name: value.double() for name, value in made().state_dict().items()}
    first = next(iter(tensors))
    tensors[first].view(-1)[0] = 1e300
    assert f"{first} holds NaN or infinite values" in one_line(written(tmp_path, tensors))
