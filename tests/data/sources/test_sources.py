"""A source of images is one file and one line of a table."""

import sys
from pathlib import Path

import pytest
from made import encoded, noise

from srcore.common.errors import StudyError
from srcore.data.ingest import download
from srcore.data.raw import RawReader
from srcore.params import load_params
from srcore.params.sources import SOURCES

NEW = """
from srcore.data.sources.source import Source

def images(params, downloads):
    for count in range(params.data.limit):
        data = (downloads.parent / f"{count}.png").read_bytes()
        yield Source(f"{count}.png", f"group {count}", ("dot",), data)
"""


@pytest.fixture
def dots(tmp_path: Path, monkeypatch) -> Path:
    """A parameter file that asks for the new source `dots`."""
    (tmp_path / "dots.py").write_text(NEW)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setitem(SOURCES, "dots", "dots:images")
    text = Path("params.yaml").read_text()
    text = text.replace("source: sample ", "source: dots ").replace("limit: null", "limit: 3")
    (tmp_path / "params.yaml").write_text(text)
    for count in range(3):
        (tmp_path / f"{count}.png").write_bytes(encoded(noise(40, 40, count)))
    return tmp_path


def test_a_new_source_is_a_file_and_a_line(dots: Path):
    params = load_params(dots / "params.yaml")
    assert params.data.source == "dots"
    download(params, dots / "raw")
    with RawReader(dots / "raw") as raw:
        assert [entry.name for entry in raw.entries] == ["0.png", "1.png", "2.png"]
        assert {entry.labels for entry in raw.entries} == {("dot",)}


def test_without_the_line_it_is_refused(dots: Path, monkeypatch):
    monkeypatch.delitem(SOURCES, "dots")
    with pytest.raises(StudyError, match=r"data.source = dots: is not one of sample, voc2007"):
        load_params(dots / "params.yaml")


@pytest.mark.parametrize("name", SOURCES)
def test_every_line_names_a_function(name: str):
    from importlib import import_module

    module, _, function = SOURCES[name].partition(":")
    assert callable(getattr(import_module(module), function))
