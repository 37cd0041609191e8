import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from imports import imported_by
from photographs import arrays
from PIL import Image
from tiny import CPU
from typer.testing import CliRunner
from upscaling import enlarge

from srcore.cli import app
from srcore.common.errors import StudyError
from srcore.features.extractor import load_extractor
from srcore.images.read import read
from srcore.images.write import save
from srcore.inference.load import SHIPPED
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class
from srcore.upscale import command

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])


def test_an_image(tmp_path, upscale, bicubic):
    PHOTOGRAPH.save(tmp_path / "a.png")
    code, printed = upscale(tmp_path / "a.png")
    assert code == 0
    assert printed == [
        f"{tmp_path / 'a.png'} → {tmp_path / 'a.x4.png'}",
        "1 enlarged ×4 by subpixel",
    ]
    expected = enlarge(bicubic, read(tmp_path / "a.png"), 4, CPU)
    assert (np.asarray(Image.open(tmp_path / "a.x4.png")) == expected.colours).all()


def test_the_last_line_names_the_network_and_what_changes_its_answers(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    given = tmp_path / "a.png", "--scale", 2, "--overwrite"
    assert upscale(*given, given=SHIPPED)[1][-1] == "1 enlarged ×2 by subpixel"
    line = "1 enlarged ×2 by subpixel+ (self-ensemble)"
    assert upscale(*given, "--ensemble", given=SHIPPED)[1][-1] == line
    frozen = load_extractor("vgg", "random", CPU)
    card = Card("vgg", 0, {"precision": "bf16-mixed"}, frozen.label, frozen.fingerprint)
    vgg = save_checkpoint(model_class("vgg")(), card, tmp_path)
    assert upscale(*given, given=vgg)[1][-1] == "1 enlarged ×2 by vgg (random weights)"


def test_a_folder_of_images_and_other_files(tmp_path, upscale):
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    PHOTOGRAPH.save(tmp_path / "photos" / "a.jpg")
    PHOTOGRAPH.convert("P").save(tmp_path / "photos" / "deep" / "b.gif")
    (tmp_path / "photos" / "notes.txt").write_text("words")
    code, printed = upscale(
        tmp_path / "photos", "--out", tmp_path / "big", "--scale", 2, "--compare"
    )
    assert code == 0
    assert printed[0].startswith(f"{tmp_path}/photos/notes.txt: skipped, not an image")
    assert printed[-1] == "2 enlarged ×2 by subpixel, 1 skipped"
    assert sorted(
        p.relative_to(tmp_path / "big").as_posix() for p in (tmp_path / "big").rglob("*")
    )[:2] == ["a.x2.compare.png", "a.x2.jpg"]
    assert (tmp_path / "big" / "deep" / "b.gif.x2.png").is_file()
    assert (tmp_path / "big" / "deep" / "b.gif.x2.compare.png").is_file()


def test_a_second_run_overwrites_only_when_asked(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    assert upscale(tmp_path / "a.png")[0] == 0
    before = (tmp_path / "a.x4.png").read_bytes()
    (tmp_path / "a.x4.png").write_bytes(b"mine")
    code, printed = upscale(tmp_path / "a.png")
    assert code == 1
    there = f"error: {tmp_path / 'a.x4.png'}: already exists"
    assert printed == [f"{there}; --overwrite replaces it, --skip-existing leaves it"]
    assert (tmp_path / "a.x4.png").read_bytes() == b"mine"
    assert upscale(tmp_path / "a.png", "--overwrite")[0] == 0
    assert (tmp_path / "a.x4.png").read_bytes() == before


def test_what_came_while_an_image_was_enlarged_stays(tmp_path, upscale, monkeypatch):
    def late(rows, path, kind, **more):
        path.write_bytes(b"mine")
        save(rows, path, kind, **more)

    monkeypatch.setattr("srcore.upscale.command.save", late)
    PHOTOGRAPH.save(tmp_path / "a.png")
    target = tmp_path / "a.x4.png"
    for option in ([], ["--skip-existing"]):
        target.unlink(missing_ok=True)
        code, said = upscale(tmp_path / "a.png", *option)
        assert code == 1
        assert f"{target}: already exists; --overwrite replaces it" in said[-1]
        assert target.read_bytes() == b"mine"
    assert upscale(tmp_path / "a.png", "--overwrite")[0] == 0
    assert target.read_bytes() != b"mine"


@pytest.mark.parametrize("there", ["image", "sheet"])
def test_of_an_image_and_its_sheet_what_is_there_stays(tmp_path, upscale, there):
    PHOTOGRAPH.save(tmp_path / "a.png")
    image, sheet = tmp_path / "a.x4.png", tmp_path / "a.x4.compare.png"
    mine, made = (image, sheet) if there == "image" else (sheet, image)
    mine.write_bytes(b"mine")
    code, printed = upscale(tmp_path / "a.png", "--skip-existing", "--compare")
    assert (code, printed[0]) == (0, f"{tmp_path / 'a.png'} → {made}")
    assert mine.read_bytes() == b"mine"
    assert made.read_bytes().startswith(b"\x89PNG")
    assert upscale(tmp_path / "a.png", "--overwrite", "--compare")[0] == 0
    assert mine.read_bytes() != b"mine"


def test_what_the_network_did_not_enlarge_is_not_called_so(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    assert upscale(tmp_path / "a.png", "--scale", 1)[1][-1] == "1 written ×1"
    assert upscale(tmp_path / "a.png", "--max-side", 9)[1][-1] == "1 written to 9"


@pytest.mark.parametrize("bad", ["n" * 300 + ".png", "ring.png"])
def test_a_name_that_leads_nowhere_does_not_stop_the_others(tmp_path, upscale, bad):
    PHOTOGRAPH.save(tmp_path / "a.png")
    (tmp_path / "ring.png").symlink_to("ring.png")
    code, printed = upscale(tmp_path / bad, tmp_path / "a.png")
    assert code == 1
    assert printed[-2:] == [
        "1 enlarged ×4 by subpixel",
        "error: 1 of 2 images could not be enlarged, see above",
    ]


def test_an_output_that_is_a_ring_of_links(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    target = tmp_path / "a.x4.png"
    target.symlink_to(target.name)
    code, printed = upscale(tmp_path / "a.png")
    assert (code, len(printed)) == (1, 1)
    assert "already exists; --overwrite replaces it" in printed[0]
    assert upscale(tmp_path / "a.png", "--overwrite")[0] == 0
    assert not target.is_symlink()


def test_a_damaged_image_does_not_stop_the_others(tmp_path, upscale):
    for name in ("a.png", "b.png", "c.png"):
        PHOTOGRAPH.save(tmp_path / name)
    data = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(data[: len(data) // 2])
    code, printed = upscale(*(tmp_path / f"{name}.png" for name in "abc"), "--scale", 2)
    assert code == 1
    assert printed[0].startswith(f"{tmp_path / 'b.png'}: damaged: ")
    assert printed[-2:] == [
        "2 enlarged ×2 by subpixel",
        "error: 1 of 3 images could not be enlarged, see above",
    ]
    assert sorted(p.name for p in tmp_path.glob("*.x2.*")) == ["a.x2.png", "c.x2.png"]
    code, printed = upscale(tmp_path / "b.png")
    assert code == 1
    assert len(printed) == 1
    assert printed[0].startswith(f"error: {tmp_path / 'b.png'}: damaged: ")


def test_a_network_with_one_output(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    basic = save_checkpoint(model_class("basic")(), Card("basic", 0, {}), tmp_path)
    code, printed = upscale(tmp_path / "a.png", given=basic)
    assert (code, len(printed)) == (1, 1)
    assert "basic enlarges by 2 at most, not by 4; give --scale 2" in printed[0]
    assert upscale(tmp_path / "a.png", "--scale", 2, given=basic)[0] == 0


def test_one_pixel(tmp_path, upscale):
    Image.new("RGB", (1, 1), "red").save(tmp_path / "a.png")
    assert upscale(tmp_path / "a.png", "--compare")[0] == 0
    with Image.open(tmp_path / "a.x4.png") as image:
        assert image.size == (4, 4)


def test_no_memory_says_what_helps(tmp_path, upscale, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr("srcore.upscale.command.enlarge_rows", full)
    PHOTOGRAPH.save(tmp_path / "a.png")
    code, printed = upscale(tmp_path / "a.png", "--tile", 100)
    assert (code, len(printed)) == (1, 1)
    assert "not enough memory; give a smaller --tile (now 100)" in printed[0]
    monkeypatch.setattr("srcore.upscale.command.TILE_BYTES", 1)
    PHOTOGRAPH.save(tmp_path / "b.jpg")
    _, printed = upscale(tmp_path / "b.jpg", tmp_path / "a.png")
    assert (
        "not enough memory for 124 × 80 pixels; give a smaller image or --scale, or" in printed[0]
    )
    assert printed[1].endswith(
        "not enough memory for 124 × 80 pixels; give a smaller image or --scale"
    )
    assert printed[-1] == "error: 2 of 2 images could not be enlarged, see above"


@pytest.mark.parametrize(
    "error",
    [KeyError("odd"), OSError(28, "No space left on device"), MemoryError(), StudyError("x")],
)
def test_whatever_one_image_does_the_next_is_enlarged(tmp_path, upscale, monkeypatch, error):
    def save_but_one(rows, path, kind, **more):
        if path.name.startswith("b"):
            raise error
        save(rows, path, kind, **more)

    monkeypatch.setattr("srcore.upscale.command.save", save_but_one)
    for name in ("a.png", "b.png", "c.png"):
        PHOTOGRAPH.save(tmp_path / name)
    code, printed = upscale(tmp_path, "--out", tmp_path / "out")
    assert code == 1
    assert len([line for line in printed if line.startswith(f"{tmp_path / 'b.png'}: ")]) == 1
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.x4.png", "c.x4.png"]
    monkeypatch.undo()
    code, printed = upscale(tmp_path, "--out", tmp_path / "out", "--skip-existing")
    assert code == 0
    assert printed == [
        f"{tmp_path / 'b.png'} → {tmp_path / 'out' / 'b.x4.png'}",
        "1 enlarged ×4 by subpixel, 2 there already",
    ]


@pytest.mark.parametrize(
    ("options", "size", "name"),
    [
        (["--scale", 2.5], (78, 50), "a.x2.5.png"),
        (["--scale", 3], (93, 60), "a.x3.png"),
        (["--scale", 1], (31, 20), "a.x1.png"),
        (["--size", "100x70"], (100, 70), "a.100x70.png"),
        (["--size", "100x70", "--fit"], (100, 65), "a.fit100x70.png"),
        (["--max-side", 90], (90, 58), "a.90.png"),
        (["--max-side", 20], (20, 13), "a.20.png"),
    ],
)
def test_any_size(tmp_path, upscale, bicubic, options, size, name):
    PHOTOGRAPH.save(tmp_path / "a.png")
    assert upscale(tmp_path / "a.png", *options)[0] == 0
    with Image.open(tmp_path / name) as image:
        assert image.size == size
        found = np.asarray(image).astype(int)
    large = np.asarray(PHOTOGRAPH.resize(size, Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(found - large)[2:-2, 2:-2].mean() < 8  # the same image


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scale", 4.5], "--scale 4.5: give a number from 1 to 4"),
        (["--size", "1920"], "--size 1920: give width and height in pixels"),
        (["--size", "0x9"], "--size 0x9: give width and height"),
        (["--size", "9x9", "--scale", 2], "--scale and --size: each says how large"),
        (["--fit"], "--fit: is about --size"),
        (["--scale", 3, "--compare"], "--compare: details are drawn at --scale 2 or 4 alone"),
        (
            ["--size", "200x129"],
            "--size 200x129: subpixel enlarges by 4 at most, not by 6.452; give less than --size "
            "200x129",
        ),
        (["--max-side", 4000], "--max-side 4000: subpixel enlarges by 4 at most, not by 129"),
        (["--max-side", 125], "--max-side 125: subpixel enlarges by 4 at most, not by 4.05"),
    ],
)
def test_sizes_that_cannot_be(tmp_path, upscale, options, words):
    PHOTOGRAPH.save(tmp_path / "a.png")
    code, printed = upscale(tmp_path / "a.png", *options)
    assert (code, len(printed)) == (1, 1)
    assert words in printed[0]


def test_shapes_are_reported(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    _, printed = upscale(tmp_path / "a.png", "--size", "31x60")
    assert "stretched to another shape; --fit keeps it" in printed[0]
    _, printed = upscale(tmp_path / "a.png", "--max-side", 25)
    assert "31 × 20 pixels are more already; shrunk without the network" in printed[0]


def test_tiles_make_no_difference_to_be_seen(tmp_path, upscale):
    PHOTOGRAPH.resize((90, 70)).save(tmp_path / "a.png")
    (tmp_path / "net").mkdir()
    net = save_checkpoint(model_class("multi")(), Card("multi", 0, {}), tmp_path / "net")
    for name, tile in (("one.png", 500), ("many.png", 16)):
        assert (
            upscale(tmp_path / "a.png", "--out", tmp_path / name, "--tile", tile, given=net)[0] == 0
        )
    one, many = (np.asarray(Image.open(tmp_path / name)) for name in ("one.png", "many.png"))
    assert np.abs(one.astype(int) - many).max() <= 1
    assert (one != many).mean() < 1e-3


def program(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "srcore", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ)


def test_as_a_program(tmp_path, checkpoint, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    done = program("upscale", tmp_path / "a.png", "--checkpoint", checkpoint)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == "1 enlarged ×4 by subpixel"
    code, printed = upscale(tmp_path / "a.png")
    assert code == 1
    assert printed == [
        f"error: {tmp_path / 'a.x4.png'}: already exists; --overwrite replaces it, "
        "--skip-existing leaves it"
    ]


def test_a_process_that_is_asked_to_end_leaves_nothing_half_written(tmp_path):
    PHOTOGRAPH.resize((1200, 900)).save(tmp_path / "a.png")
    command = [sys.executable, "-m", "srcore", "upscale", str(tmp_path / "a.png")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob(".*.partial")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.terminate()
        printed = process.stderr.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in printed
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_help_is_quick_and_mistakes_of_options_are_reported():
    start = time.perf_counter()
    help_of = program("upscale", "--help")
    assert help_of.returncode == 0
    assert "--checkpoint" in help_of.stdout
    assert time.perf_counter() - start < 20  # torch alone may take longer on a busy machine
    wrong = program("upscale", "a.png", "--scale", "large")
    assert wrong.returncode == 2
    assert "Invalid value for '--scale'" in wrong.stderr


def test_help_loads_nothing_heavy():
    assert not {"torch", "numpy", "PIL"} & imported_by("import srcore.cli")


@pytest.mark.parametrize(
    "closed",
    [
        ">&- 2>&-",
        pytest.param("2>&-", marks=pytest.mark.slow),
        pytest.param("2>/dev/full", marks=pytest.mark.slow),
    ],
)
def test_a_closed_stderr_changes_nothing(tmp_path, checkpoint, closed):
    PHOTOGRAPH.save(tmp_path / "a.png")
    command = f"{sys.executable} -m srcore upscale {tmp_path}/a.png --checkpoint {checkpoint}"
    done = subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True)
    assert done.returncode == 0
    with Image.open(tmp_path / "a.x4.png") as image:
        image.load()
        assert image.size == (124, 80)


@pytest.mark.timeout(60)
def test_pipes_do_not_hang(tmp_path, upscale):
    os.mkfifo(tmp_path / "p")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "p.png").symlink_to(tmp_path / "p")
    for given in (tmp_path / "p", tmp_path / "f"):
        code, lines = upscale(given)
        assert code == 1
        printed = "\n".join(lines)
        assert "p: not a file" in printed or "p.png: not a file" in printed


def test_a_device_that_is_not_there_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    PHOTOGRAPH.save(tmp_path / "a.png")
    argv = [str(tmp_path / "a.png"), "--device", "cuda"]
    result = CliRunner().invoke(app, ["upscale", *argv])
    assert str(result.exception) == "error: --device cuda: not on this machine; use auto or cpu"


def test_sizes_beyond_the_network_are_reported_before_anything_is_computed(tmp_path, upscale):
    folder = tmp_path / "photos"
    folder.mkdir()
    PHOTOGRAPH.save(folder / "z.png")
    PHOTOGRAPH.resize((62, 40)).save(folder / "a.png")
    code, printed = upscale(folder, "--max-side", 200)
    assert code == 1
    assert printed[0] == (
        f"{folder / 'z.png'}: --max-side 200: subpixel enlarges by 4 at most, not by 6.452; give "
        "less than --max-side 200"
    )
    assert printed[-2:] == [
        "1 enlarged to 200 by subpixel",
        "error: 1 of 2 images could not be enlarged, see above",
    ]


def test_an_image_of_no_name_is_not_the_current_folder(tmp_path, monkeypatch):
    PHOTOGRAPH.save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="named by an empty text; name a file or a folder"):
        command.upscale([""], command.Options(), print)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_out_of_no_name_is_not_the_current_folder(tmp_path, upscale, monkeypatch):
    (tmp_path / "photos").mkdir()
    PHOTOGRAPH.save(tmp_path / "photos" / "a.png")
    monkeypatch.chdir(tmp_path)
    message = "error: --out: is an empty text; name a file or a folder, or leave it out"
    assert upscale("photos", "--out", "") == (1, [message])
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    assert upscale("photos", "--out", ".")[0] == 0
    assert (tmp_path / "a.x4.png").is_file()


def test_an_image_that_is_named_twice_is_made_once_and_counted_once(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.png")
    given = (tmp_path, tmp_path / "a.png", "--out", tmp_path / "out", "--scale", 2)
    assert upscale(*given) == (
        0,
        [
            f"{tmp_path / 'a.png'} → {tmp_path / 'out' / 'a.x2.png'}",
            "1 enlarged ×2 by subpixel",
        ],
    )


def test_a_comment_of_a_gif_is_reported(tmp_path, upscale):
    PHOTOGRAPH.save(tmp_path / "a.gif", comment=b"mine")
    _, printed = upscale(tmp_path / "a.gif")
    assert printed[0] == f"{tmp_path / 'a.gif'}: its comment is left out: PNG holds none"
