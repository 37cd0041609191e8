"""Figures of a checkpoint are its own by the SHA-256 of the file, wherever it lies."""

import logging
import shutil
from pathlib import Path

import pytest
from tiny import CPU, noisy_network, tiny_linear, tiny_scenes

from srcore.common.errors import StudyError
from srcore.common.tables import write_table
from srcore.evaluation.held_out import evaluate_images
from srcore.evaluation.methods import by_checkpoint, by_method
from srcore.export.judged import own_figures
from srcore.models.checkpoint import save_checkpoint


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> Path:
    """What the evaluation of two networks leaves."""
    top = tmp_path_factory.mktemp("study")
    networks = [noisy_network("basic"), noisy_network("multi", 0), noisy_network("multi", 1)]
    models = top / "data" / "models" / "all"
    models.mkdir(parents=True)
    for one in networks:
        save_checkpoint(one.model, one.card, models)
    table = evaluate_images(networks, tiny_linear(), tiny_scenes(), [1, 2, 5], CPU)
    write_table(top / "plots/methods.csv", by_method(table, networks, 24))
    write_table(top / "plots/models.csv", by_checkpoint(networks, models, 24))
    return top


@pytest.fixture
def project(judged, tmp_path) -> Path:
    """A copy, to change at will."""
    return shutil.copytree(judged, tmp_path / "study")


def checkpoint(project: Path, name: str = "multi.seed1") -> Path:
    return project / "data/models/all" / f"{name}.safetensors"


def test_figures_of_the_judged_checkpoint_are_its_own(judged):
    found = own_figures(checkpoint(judged), judged)
    assert found is not None
    assert list(found) == ["multi", "bicubic"]
    assert found["multi"]["mid"]["seeds"] == 2
    assert found["multi"]["mid"]["gain"] == pytest.approx(
        found["multi"]["mid"]["psnr"] - found["bicubic"]["mid"]["psnr"], abs=2e-4
    )
    assert found["multi"]["parameters"] == 39_110


def test_a_copy_elsewhere_is_the_same_checkpoint(judged, tmp_path):
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(checkpoint(judged).read_bytes())
    assert own_figures(copy, judged) == own_figures(checkpoint(judged), judged)


def test_a_checkpoint_that_was_not_judged_has_no_figures(judged, tmp_path):
    """Of the same model and name, one bit apart: trained again since, say."""
    other = tmp_path / "multi.seed1.safetensors"
    data = bytearray(checkpoint(judged).read_bytes())
    data[-1] ^= 1
    other.write_bytes(data)
    with pytest.raises(StudyError, match="none of the checkpoints that were judged") as caught:
        own_figures(other, judged)
    assert "\n" not in str(caught.value)


def test_figures_that_nobody_asked_for_are_left_out_quietly(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project)
    assert own_figures(checkpoint(project), None) is not None
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"other")
    assert own_figures(other, None) is None
    (project / "plots/models.csv").unlink()
    assert own_figures(checkpoint(project), None) is None


@pytest.mark.parametrize("table", ["models.csv", "methods.csv"])
def test_a_missing_table_of_the_study_that_was_named_is_one_line(project, table):
    (project / "plots" / table).unlink()
    with pytest.raises(StudyError, match=f"{table}: missing"):
        own_figures(checkpoint(project), project)


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("models.csv", lambda text: "a,b\n1,2\n", "models.csv: "),
        ("methods.csv", lambda text: text[: len(text) // 2], "methods.csv: "),
        ("methods.csv", lambda text: text.replace("bicubic", "cubic"), "no figures of bicubic"),
        ("methods.csv", lambda text: text.replace("multi", "many"), "no figures of multi"),
    ],
)
def test_a_damaged_table_is_one_line_or_no_figures(
    project, monkeypatch, caplog, table, change, words
):
    """Named, the study is at fault; in a folder that happens to have such files, it is not."""
    path = project / "plots" / table
    path.write_text(change(path.read_text()))
    with pytest.raises(StudyError, match=words) as caught:
        own_figures(checkpoint(project), project)
    assert "\n" not in str(caught.value)
    monkeypatch.chdir(project)
    with caplog.at_level(logging.INFO):
        assert own_figures(checkpoint(project), None) is None
    assert "the card has no figures" in caplog.text
