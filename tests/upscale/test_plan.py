import os
from pathlib import Path

import pytest
from PIL import Image

from srcore.common.errors import StudyError
from srcore.images.reading.opened import FORMATS, MAX_BYTES
from srcore.upscale.plan import Plan, plan
from srcore.upscale.size import Size


@pytest.fixture
def folder(tmp_path) -> Path:
    top = tmp_path / "photos"
    for name in ("a.jpg", "b.PNG", "deep/er/c.tiff", ".hidden.png", ".git/d.png"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3)).save(top / name)
    (top / "notes.txt").write_text("no image")
    return top


def planned(*inputs: Path, out: Path | None = None, scale: float = 4, **options: bool) -> Plan:
    return plan(inputs, out, Size(scale), **options)


def targets(found: Plan, top: Path) -> list[str]:
    return [job.target.relative_to(top).as_posix() for job in found.jobs]


def refused(*inputs: Path, **options) -> str:
    with pytest.raises(StudyError) as caught:
        planned(*inputs, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_image_lands_beside_itself(folder):
    found = planned(folder / "a.jpg", folder / "b.PNG", scale=2)
    assert targets(found, folder) == ["a.x2.jpg", "b.x2.PNG"]
    assert [job.kind for job in found.jobs] == ["JPEG", "PNG"]


def test_out_is_a_file_or_a_folder(folder, tmp_path):
    one = folder / "a.jpg"
    assert targets(planned(one, out=tmp_path / "big.png"), tmp_path) == ["big.png"]
    assert planned(one, out=tmp_path / "big.png").jobs[0].kind == "PNG"
    assert targets(planned(one, out=tmp_path / "new"), tmp_path) == ["new/a.x4.jpg"]
    (tmp_path / "there.png").mkdir()
    assert targets(planned(one, out=tmp_path / "there.png"), tmp_path) == ["there.png/a.x4.jpg"]


def test_a_folder_keeps_its_sub_folders(folder, tmp_path):
    found = planned(folder, out=tmp_path / "new")
    assert targets(found, tmp_path / "new") == ["a.x4.jpg", "b.x4.PNG", "deep/er/c.x4.tiff"]
    assert [(path.name, why[:12]) for path, why in found.skipped] == [("notes.txt", "not an image")]


def test_a_folder_without_out_gets_one_beside_it(folder, tmp_path, monkeypatch):
    expected = ["photos.x4/a.x4.jpg", "photos.x4/b.x4.PNG", "photos.x4/deep/er/c.x4.tiff"]
    assert targets(planned(folder), tmp_path) == expected
    monkeypatch.chdir(folder)
    assert targets(planned(Path()), tmp_path) == expected


def test_what_was_made_before_is_not_enlarged_again(folder):
    out = folder / "big"
    out.mkdir()
    Image.new("RGB", (16, 12)).save(out / "a.x4.jpg")
    assert len(planned(folder, out=out, overwrite=True).jobs) == 3


@pytest.mark.parametrize("name", ["b.png", "b.2024.png", "scan"])
def test_an_out_in_the_folder_never_drops_images_of_its_own(tmp_path, name):
    top = tmp_path / "hol"
    (top / "day1").mkdir(parents=True)
    Image.new("RGB", (4, 3)).save(top / "a.png")
    Image.new("RGB", (4, 3)).save(top / "day1" / name, "PNG")
    (top / "day1" / "notes.txt").write_text("no image")
    for options in ({}, {"overwrite": True}, {"skip_existing": True}):
        message = refused(top, out=top / "day1", scale=2, **options)
        place = top / "day1" / name
        assert message.startswith(f"--out {top / 'day1'}: lies in {top}, so {place} would not be ")
    assert len(planned(top, out=tmp_path / "new").jobs) == 2
    (top / "day1" / name).unlink()
    assert len(planned(top, out=top / "day1").jobs) == 1


@pytest.mark.parametrize(
    "size", [Size(2), Size(2.5), Size(box=(9, 9)), Size(box=(9, 9), fit=True), Size(longest=9)]
)
def test_an_out_in_the_folder_may_hold_what_any_run_has_made(folder, size):
    """Of this size or another, of images that are gone, and of names as long as a disk takes."""
    Image.new("RGB", (4, 3)).save(folder / ("n" * 250 + ".gif"))
    out = folder / "large"
    for job in plan([folder], out, size, sheets=True).jobs:
        job.target.parent.mkdir(parents=True, exist_ok=True)
        for place in (job.target, job.sheet):
            Image.new("RGB", (9, 9)).save(place)
    (folder / "a.jpg").unlink()
    again = plan([folder], out, size, skip_existing=True, sheets=True)
    assert (len(again.jobs), len(again.there)) == (0, 3)
    if size.longest is None:
        assert len(plan([folder], out, Size(3), sheets=True).jobs) == 3


def test_the_name_says_what_a_file_is(tmp_path):
    """A PNG that is called .jpg is a PNG."""
    Image.new("RGB", (4, 3)).save(tmp_path / "a.jpg", "PNG")
    assert targets(planned(tmp_path / "a.jpg"), tmp_path) == ["a.jpg.x4.png"]


def test_what_its_format_cannot_hold_becomes_png(tmp_path):
    Image.new("RGB", (5000, 1)).save(tmp_path / "a.webp")
    (job,) = planned(tmp_path / "a.webp").jobs
    assert job.target == tmp_path / "a.webp.x4.png"
    assert "WEBP cannot hold a side of 20000 pixels" in job.notes[0]


def test_nothing_is_overwritten_unless_asked(folder):
    (folder / "a.x4.jpg").touch()
    assert "a.x4.jpg: already exists; --overwrite" in refused(folder / "a.jpg")
    assert len(planned(folder / "a.jpg", overwrite=True).jobs) == 1
    (folder / "a.x4.jpg").unlink()
    (folder / "a.x4.jpg").symlink_to("nowhere")
    assert "a.x4.jpg: already exists; --overwrite" in refused(folder / "a.jpg")
    (folder / "b.x4.compare.png").touch()
    assert "b.x4.compare.png: already exists" in refused(folder / "b.PNG", sheets=True)
    assert len(planned(folder / "b.PNG").jobs) == 1


def test_names_that_fold_alike_are_two_where_the_disk_has_both(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("straße", "strasse"):
        Image.new("RGB", (4, 3)).save(folder / f"{name}.png")
    names = {job.target.name for job in planned(folder).jobs}
    assert names == {"straße.x4.png", "strasse.x4.png"}


def test_two_images_never_become_one(folder, tmp_path):
    (folder / "deep" / "a.jpg").write_bytes((folder / "a.jpg").read_bytes())
    first, second = folder / "a.jpg", folder / "deep" / "a.jpg"
    for other in (second, second.with_name("A.JPG")):
        second.rename(other)
        message = refused(first, other, out=tmp_path / "new", overwrite=True)
        place = tmp_path / "new" / f"{other.stem}.x4{other.suffix}"
        assert message.startswith(f"{place}: would be made of both {first} and {other}; enlarge")
        second = other
    Image.new("RGB", (4, 3)).save(folder / "a.png")
    message = refused(first, folder / "a.png", sheets=True)
    assert message.startswith(f"{folder / 'a.x4.compare.png'}: would be made of both ")


def test_names_that_differ_in_case_alone_are_two_where_the_disk_holds_both(folder):
    (folder / "a.JPG").write_bytes((folder / "a.jpg").read_bytes())
    if len(list(folder.glob("a.*"))) == 1:
        pytest.skip("this disk takes both names for one")
    made = {job.target.name for job in planned(folder).jobs}
    assert {"a.x4.jpg", "a.x4.JPG"} <= made


def test_an_image_that_is_named_twice_is_made_once(folder, tmp_path):
    one = folder / "a.jpg"
    assert targets(planned(one, one), folder) == ["a.x4.jpg"]
    found = planned(folder, one, folder / "deep" / ".." / "a.jpg", out=tmp_path / "new")
    assert targets(found, tmp_path / "new") == ["a.x4.jpg", "b.x4.PNG", "deep/er/c.x4.tiff"]
    found = planned(folder, one)  # for two places, it is made twice
    assert targets(found, tmp_path)[-1] == "photos/a.x4.jpg"
    assert len(found.jobs) == 4
    (folder / "bad.jpg").write_text("words")
    assert len(planned(folder, folder / "bad.jpg").failed) == 1


@pytest.mark.parametrize("name", ["a.gif", "a.jp2", "a.png", "A.PNG", "a.jpg", "a.pbm", "a.pgm"])
def test_the_name_of_an_output_depends_on_its_source_alone(tmp_path, name):
    mode = {"a.pbm": "1", "a.pgm": "L"}.get(name, "RGB")
    Image.new(mode, (4, 3)).save(tmp_path / name)
    alone = planned(tmp_path / name).jobs[0].target
    expected = {"a.gif": "a.gif.x4.png", "a.jp2": "a.jp2.x4.png", "a.pbm": "a.pbm.x4.pgm"}
    assert alone.name == expected.get(name, name.replace(".", ".x4."))
    for other in ("a.gif", "a.jp2", "a.png" if name != "A.PNG" else "b.png", "a.jpg"):
        if not (tmp_path / other).exists():
            Image.new("RGB", (4, 3)).save(tmp_path / other)
    found = planned(*sorted(tmp_path.iterdir()))
    assert [job.target for job in found.jobs if job.source.name == name] == [alone]


def test_an_image_is_not_taken_for_done_by_the_output_of_another(tmp_path):
    for name in ("a.gif", "a.png"):
        Image.new("RGB", (4, 3)).save(tmp_path / name)
    (tmp_path / "a.x4.png").touch()  # made of a.png
    found = planned(tmp_path / "a.gif", skip_existing=True)
    assert [job.source.name for job in found.jobs] == ["a.gif"]
    stretched, fitted = (Size(box=(9, 9), fit=fit) for fit in (False, True))
    made = {
        plan([tmp_path / "a.png"], None, size).jobs[0].target.name for size in (stretched, fitted)
    }
    assert made == {"a.9x9.png", "a.fit9x9.png"}


def test_the_topmost_folder_needs_an_out(monkeypatch):
    monkeypatch.setattr("srcore.upscale.plan.below", lambda *_: iter(()))
    assert refused(Path("/")).startswith("/: is no folder of images to write beside; give --out")


def test_images_of_kinds_that_are_not_read_failed(tmp_path):
    names = ["a.HEIC", "b.heif", "c.jxl", "d.psd", "e.cr2", "f.nef", "g.arw", "h.dng", "i.HIF"]
    for name in names:
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheix\0\0\0\0mif1heix")
    found = planned(tmp_path)
    assert [path.name for path, _ in found.failed] == names
    assert found.skipped == []


def test_every_extension_of_what_is_read_is_known(tmp_path):
    """A file that is so called and holds something else is reported as failed, not skipped."""
    Image.init()
    kinds = {*FORMATS, "MPO"}
    names = [f"a{end}" for end, kind in Image.registered_extensions().items() if kind in kinds]
    assert {"a.mpo", "a.avifs", "a.j2c", "a.jpf"} <= {*names}
    for name in names:
        (tmp_path / name).write_text("words")
    found = planned(tmp_path)
    assert sorted(path.name for path, _ in found.failed) == sorted(names)
    assert found.skipped == []


@pytest.mark.parametrize(
    ("name", "kind", "options", "made"),
    [
        ("a.mpo", "MPO", {"save_all": True}, "a.mpo.x4.jpg"),
        ("a.avifs", "AVIF", {"save_all": True}, "a.avifs.x4.avif"),
        ("a.j2c", "JPEG2000", {"no_jp2": True}, "a.j2c.x4.png"),
        ("a.jpf", "JPEG2000", {}, "a.jpf.x4.png"),
    ],
)
def test_rare_names_of_what_is_read(tmp_path, enlarged, name, kind, options, made):
    images = [Image.new("RGB", (16, 12), colour) for colour in ("red", "blue")]
    more = {"append_images": images[1:]} if "save_all" in options else {}
    images[0].save(tmp_path / name, kind, **options, **more)
    assert targets(planned(tmp_path / name), tmp_path) == [made]
    with Image.open(enlarged(tmp_path / name)) as image:
        assert image.size == (32, 24)
        assert image.convert("RGB").getpixel((5, 5))[0] > 250


@pytest.mark.parametrize(
    ("mode", "source", "out", "made"),
    [
        ("RGB", "a.png", "b.pgm", None),
        ("L", "a.png", "b.pgm", b"P5"),
        ("L", "a.png", "b.ppm", b"P6"),
        ("RGB", "a.png", "b.ppm", b"P6"),
        ("1", "a.pbm", None, b"P5"),
        ("L", "a.pgm", None, b"P5"),
        ("RGB", "a.ppm", None, b"P6"),
    ],
)
def test_grey_and_colours_of_a_ppm(tmp_path, enlarged, mode, source, out, made):
    Image.new(mode, (4, 3)).save(tmp_path / source)
    target = tmp_path / out if out else None
    if made is None:
        message = refused(tmp_path / source, out=target)
        assert message == f"--out {target}: PGM cannot hold colours; name a .png"
        return
    written = enlarged(tmp_path / source, out=target)
    assert written.read_bytes()[:2] == made
    assert written.suffix == (".ppm" if made == b"P6" else ".pgm")
    with Image.open(written) as image:
        assert (image.size, image.mode) == ((8, 6), "RGB" if made == b"P6" else "L")


def test_what_has_the_size_already_is_not_called_shrunk(folder):
    (job,) = planned(folder / "a.jpg", scale=1).jobs
    assert job.notes == ("4 × 3 pixels are as many already; the network is not used",)
    (job,) = plan([folder / "a.jpg"], None, Size(longest=3)).jobs
    assert job.notes == ("4 × 3 pixels are more already; shrunk without the network",)


@pytest.mark.parametrize("letter", ["a", "ü", "写", "😀"])
@pytest.mark.parametrize("length", range(245, 256))
def test_names_as_long_as_a_disk_takes(tmp_path, letter, length):
    size = len(letter.encode())
    stem = letter * ((length - 4) // size)
    name = stem + "b" * (length - 4 - len(stem.encode())) + ".png"
    assert len(name.encode()) == length
    Image.new("RGB", (4, 3)).save(tmp_path / name)
    (job,) = planned(tmp_path / name, sheets=True).jobs
    for path in (job.target, job.sheet):
        assert len(path.name.encode()) <= 255
        path.touch()
    assert job.target.name.endswith(".x4.png")


def test_long_names_that_differ_at_their_end_stay_two(tmp_path):
    names = ["n" * 250 + end for end in ("a.png", "b.png")]
    for name in names:
        Image.new("RGB", (4, 3)).save(tmp_path / name)
    first, second = planned(tmp_path, out=tmp_path / "new", sheets=True).jobs
    assert len({first.target, first.sheet, second.target, second.sheet}) == 4
    first.target.parent.mkdir()
    first.target.touch()
    found = planned(tmp_path / names[1], out=tmp_path / "new", skip_existing=True)
    assert (found.jobs[0].source.name, found.there) == (names[1], [])
    assert planned(tmp_path / names[0], out=tmp_path / "new", skip_existing=True).there


def test_an_image_is_not_written_upon_itself(folder):
    message = refused(folder / "a.jpg", out=folder / "a.jpg", overwrite=True)
    assert "is one of the images to enlarge" in message
    assert "is the folder of the images" in refused(folder, out=folder)


@pytest.mark.parametrize(
    ("out", "words"),
    [("a.doc", "not a kind of image"), ("photos/notes", "is a file, and a folder is needed")],
)
def test_an_out_that_cannot_be(folder, tmp_path, out, words):
    (folder / "notes").touch()
    assert words in refused(folder / "a.jpg", out=tmp_path / out)


def test_one_file_for_several_images(folder, tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "out.png")
    for inputs in ([folder], [folder / "a.jpg", folder / "b.PNG"]):
        assert "name a folder" in refused(*inputs, out=tmp_path / "new.png")
        message = refused(*inputs, out=tmp_path / "out.png", overwrite=True)
        assert "one file for several images" in message


def test_a_jpeg_is_not_asked_to_be_transparent(tmp_path):
    Image.new("RGBA", (2, 2)).save(tmp_path / "a.png")
    message = refused(tmp_path / "a.png", out=tmp_path / "b.jpg")
    assert message == f"--out {tmp_path / 'b.jpg'}: JPEG cannot hold transparency; name a .png"


def test_an_input_that_is_not_there_or_no_image(folder):
    found = planned(folder / "z.jpg", folder / "notes.txt", folder / "a.jpg")
    assert targets(found, folder) == ["a.x4.jpg"]
    assert [(path.name, why[:28]) for path, why in found.failed] == [
        ("z.jpg", "no such file or folder"),
        ("notes.txt", "not an image of a known kind"),
    ]
    (folder / "empty").mkdir()
    assert "empty: holds no image; name an image, or a folder" in refused(folder / "empty")


def test_what_is_called_an_image_and_is_none_failed(folder, tmp_path):
    (folder / "b.gif").write_text("words")
    (folder / "c.jpg").write_bytes(b"")
    (folder / "d.png").symlink_to(folder / "nowhere")
    (folder / "e").symlink_to(folder / "deep")
    os.mkfifo(folder / "f.png")
    Image.new("RGB", (4, 3)).save(folder / "g.png")
    (folder / "g.png").write_bytes((folder / "g.png").read_bytes()[:60])
    found = planned(folder, out=tmp_path / "new")
    assert targets(found, tmp_path / "new") == ["a.x4.jpg", "b.x4.PNG", "deep/er/c.x4.tiff"]
    assert {path.name: why.partition(" (")[0] for path, why in found.failed} == {
        "b.gif": "not an image of a known kind",
        "c.jpg": "the file is empty",
        "d.png": "a link to nowhere",
        "f.png": "not a file",
        "g.png": "damaged: the file ends too early",
    }
    assert [path.name for path, _ in found.skipped] == ["e", "notes.txt"]


def test_of_a_folder_empty_and_huge_files_are_no_images_unless_they_are_called_so(folder):
    (folder / "empty.txt").touch()
    for name in ("film.mov", "huge.jpg"):
        with (folder / name).open("wb") as file:
            file.truncate(MAX_BYTES + 1)
    found = planned(folder)
    assert [path.name for path, _ in found.skipped] == ["empty.txt", "film.mov", "notes.txt"]
    assert [path.name for path, _ in found.failed] == ["huge.jpg"]
    assert [path.name for path, _ in planned(folder / "film.mov").failed] == ["film.mov"]


def test_what_is_there_is_skipped_when_asked(folder):
    (folder / "a.x4.jpg").touch()
    found = planned(folder / "a.jpg", folder / "b.PNG", skip_existing=True)
    assert targets(found, folder) == ["b.x4.PNG"]
    assert [job.source.name for job in found.there] == ["a.jpg"]
    found = planned(folder / "a.jpg", folder / "b.PNG", skip_existing=True, sheets=True)
    assert len(found.jobs) == 2  # its sheet is missing
    assert "--skip-existing leaves it" in refused(folder / "a.jpg")
