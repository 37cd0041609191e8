"""An output format is one file and one line of a table, done as CONTRIBUTING.md says."""

import sys
from pathlib import Path

import numpy as np
import pytest
from photographs import arrays
from PIL import Image

from srcore.images.formats.table import FORMATS, format_of_extension
from srcore.images.write import losses
from srcore.reporting import documentation

NEW = '''
from srcore.images.formats.format import Format

def write(rows, path):
    """Farbfeld, which holds RGBA of 16 bits; here of 8."""
    with path.open("wb") as file:
        file.write(b"farbfeld" + b"".join(side.to_bytes(4, "big") for side in rows.size))
        for band in rows.bands:
            file.write(band.tobytes())

FORMAT = Format("FARBFELD", (".ff",), 2**31 - 1, write, alpha=False, by_rows=True)
'''


@pytest.fixture
def farbfeld(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "farbfeld.py").write_text(NEW)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    import farbfeld

    monkeypatch.setitem(FORMATS, "FARBFELD", farbfeld.FORMAT)


@pytest.mark.usefixtures("farbfeld")
def test_a_new_format_is_a_file_and_a_line(tmp_path: Path, enlarged):
    Image.fromarray(arrays()[2][:20, :31]).save(tmp_path / "a.png", dpi=(300, 300))
    assert format_of_extension(Path("b.FF")) == "FARBFELD"
    made = enlarged(tmp_path / "a.png", out=tmp_path / "b.ff").read_bytes()
    same = enlarged(tmp_path / "a.png", out=tmp_path / "b.png")
    assert made[:8] == b"farbfeld"
    assert made[16:] == np.asarray(Image.open(same)).tobytes()
    assert "| FARBFELD |" in documentation.kept()


@pytest.mark.usefixtures("farbfeld")
def test_what_it_does_not_hold_is_reported(tmp_path: Path):
    from srcore.images.read import look

    Image.fromarray(arrays()[2][:20, :31]).save(tmp_path / "a.jpg", comment=b"mine")
    kept = look(tmp_path / "a.jpg").kept
    assert losses("FARBFELD", kept, grey=False) == ["its comment is left out: FARBFELD holds none"]
