"""A folder of twelve images of which four are bad in different ways, as a user meets with it."""

from pathlib import Path

import pytest
from faults.images import huge_png
from photographs import arrays
from PIL import Image

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
LONG = "写" * 82 + ".png"
GOOD = ("a.png", "b.jpg", "c.tif", "d.webp", "e.gif", "e.png", "f.bmp", LONG)
BAD = {
    "cut.png": "damaged: the file ends too early",
    "empty.jpg": "the file is empty",
    "float.tif": "32 bits per sample (floating point) have no known white",
    "huge.png": "100000 x 100000 pixels are more than 100000000",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "many"
    top.mkdir()
    for name in GOOD:
        PHOTOGRAPH.save(top / name)
    assert len(LONG.encode()) == 250
    whole = (top / "a.png").read_bytes()
    (top / "cut.png").write_bytes(whole[: len(whole) // 2])
    (top / "empty.jpg").touch()
    Image.new("F", (9, 9)).save(top / "float.tif")
    (top / "huge.png").write_bytes(huge_png())
    return top


def test_twelve_images_of_which_four_are_bad(folder, upscale):
    code, lines = upscale(folder)
    made = folder.with_name("many.x4")
    assert code == 1
    for name, why in BAD.items():
        (line,) = [line for line in lines if line.startswith(f"{folder / name}: ")]
        assert why in line
    assert lines[-2:] == [
        "8 enlarged ×4 by subpixel",
        "error: 4 of 12 images could not be enlarged, see above",
    ]
    names = sorted(path.name for path in made.iterdir())
    assert len(names) == 8
    assert {"a.x4.png", "e.x4.png", "e.gif.x4.png"} <= set(names)
    before = {path: path.stat().st_mtime_ns for path in made.iterdir()}
    missing = made / "b.x4.jpg"
    missing.unlink()
    code, lines = upscale(folder, "--skip-existing")
    assert code == 1
    assert "1 enlarged ×4 by subpixel, 7 there already" in lines
    assert {path for path in made.iterdir() if path.stat().st_mtime_ns != before[path]} == {missing}
