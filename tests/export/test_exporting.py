from pathlib import Path

import pytest

from srcore.common.errors import StudyError
from srcore.export import check, command, graph
from srcore.export.command import export
from srcore.models.checkpoint import Card


def one_line(*args: object, **options: object) -> str:
    with pytest.raises(StudyError) as caught:
        export(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_name_is_the_checkpoints_in_the_current_folder(made, tmp_path, monkeypatch):
    checkpoint = made("basic").checkpoint
    monkeypatch.chdir(tmp_path)
    assert export(checkpoint) == Path("basic.seed0.onnx")
    assert names(tmp_path) == ["basic.seed0.md", "basic.seed0.onnx"]


def test_what_is_there_is_not_replaced_unasked(made, fresh, tmp_path):
    checkpoint = made("basic").checkpoint
    page = tmp_path / "mine.md"
    page.write_text("my notes")
    message = one_line(checkpoint, tmp_path / "mine.onnx")
    assert f"{page} already exists" in message
    assert "--overwrite" in message
    assert names(tmp_path) == ["mine.md"]
    assert page.read_text() == "my notes"
    assert "already exists" in one_line(checkpoint, made("basic").onnx)
    export(checkpoint, tmp_path / "mine.onnx", overwrite=True)
    assert page.read_text().startswith("# basic")


def test_a_graph_that_is_not_equal_to_torch_leaves_no_file(made, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "TOLERANCE", 0.0)
    message = one_line(made("basic").checkpoint, tmp_path / "new.onnx")
    assert "away from torch's" in message
    assert "nothing was written" in message
    assert names(tmp_path) == []


def test_a_failure_leaves_the_former_files(made, tmp_path, monkeypatch):
    for name in ("old.onnx", "old.md"):
        (tmp_path / name).write_text("former")
    monkeypatch.setattr(check, "TOLERANCE", 0.0)
    one_line(made("basic").checkpoint, tmp_path / "old.onnx", overwrite=True)
    assert names(tmp_path) == ["old.md", "old.onnx"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"former"}


def test_missing_packages_are_named_with_what_to_install(monkeypatch):
    there = command.find_spec
    monkeypatch.setattr(command, "find_spec", lambda name: None if name != "onnx" else there(name))
    message = one_line(Path("any.safetensors"))
    assert "export needs onnxruntime, onnxscript" in message
    assert message.endswith('pip install -c constraints.txt -e ".[export]"')


def test_the_command_of_the_card_names_the_weights_without_their_folder():
    card = Card("vgg", 0, {}, "weights of my file.pt", "f" * 64)
    said = command._again(Path("/a/vgg.seed0.safetensors"), Path("/b/net.onnx"), card)
    assert said == "srcore export vgg.seed0.safetensors --out net.onnx --weights 'my file.pt'"


def test_another_suffix_is_refused(made, tmp_path):
    assert "ends in .onnx" in one_line(made("basic").checkpoint, tmp_path / "net.pt")


def test_a_missing_checkpoint_is_one_line(tmp_path):
    assert "no such checkpoint" in one_line(tmp_path / "no.safetensors", tmp_path / "a.onnx")
    assert "is not a file but a folder" in one_line(Path())


@pytest.mark.parametrize("name", ["net.onnx", "net.md"])
def test_a_folder_is_not_replaced(made, tmp_path, name):
    (tmp_path / name).mkdir()
    message = one_line(made("basic").checkpoint, tmp_path / "net.onnx", overwrite=True)
    assert message == f"{tmp_path / name}: is a folder; give another --out"
    assert names(tmp_path) == [name]


def test_a_checkpoint_that_is_replaced_meanwhile_is_not_described(fresh, tmp_path, monkeypatch):
    """A training beside it may end; the card would name the file that the graph is not of."""
    checkpoint, write = fresh("basic", tmp_path), graph.write_graph

    def replace_and_write(*args: object) -> object:
        checkpoint.write_bytes(b"another")
        return write(*args)

    monkeypatch.setattr(graph, "write_graph", replace_and_write)
    message = one_line(checkpoint, tmp_path / "net.onnx")
    assert message == f"{checkpoint}: changed while it was exported; run again"
    assert names(tmp_path) == [checkpoint.name]


def test_weights_of_a_file_must_be_given(fresh, tmp_path):
    checkpoint = fresh("vgg", tmp_path, weights="weights of mine.pt")
    message = one_line(checkpoint, tmp_path / "a.onnx")
    assert "weights of mine.pt" in message
    assert "--weights" in message


def test_weights_of_another_network_are_refused(fresh, tmp_path):
    checkpoint = fresh("vgg", tmp_path, fingerprint="0" * 64)
    assert "was trained with random weights (SHA-256 0000" in one_line(
        checkpoint, tmp_path / "a.onnx"
    )
    assert names(tmp_path) == [checkpoint.name]


def test_weights_for_a_network_without_an_extractor_are_refused(made, tmp_path):
    message = one_line(made("basic").checkpoint, tmp_path / "a.onnx", weights="random")
    assert "basic has no frozen weights" in message
