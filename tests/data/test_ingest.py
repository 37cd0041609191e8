import csv
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import encoded, noise
from PIL import Image

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.data.ingest import Groups, download
from srcore.data.raw import RawReader
from srcore.params import Params

Make = Callable[..., Params]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for seed in range(6):
        (folder / f"{seed}.png").write_bytes(encoded(noise(300 + seed, 290, seed)))
    return folder


def run(settings: Make, mine: Path, **changes: object) -> Path:
    out = mine.parent / "data/raw"
    changes = {"data__source": "folder", "data__folder__path": str(mine)} | changes
    download(settings(**changes), out)
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_image_is_kept_as_it_is(settings: Make, mine: Path):
    out = run(settings, mine)
    with RawReader(out) as raw:
        assert [entry.name for entry in raw.entries] == [f"{seed}.png" for seed in range(6)]
        assert [(e.width, e.height) for e in raw.entries] == [
            (300 + seed, 290) for seed in range(6)
        ]
        for index, entry in enumerate(raw.entries):
            assert raw.read(index) == (mine / entry.name).read_bytes()
    metrics = read_json(out / "metrics.json")
    assert metrics == {
        "source": "folder", "images": 6, "groups": 6, "rejected": 0, "small": 0,
        "width": {"min": 300, "median": 302.5, "max": 305},
        "height": {"min": 290, "median": 290, "max": 290},
    }  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == [
        "images.zip",
        "manifest.csv",
        "metrics.json",
        "rejected.csv",
    ]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_bytes_every_time(settings: Make, mine: Path, threads: int):
    once = {path.name: path.read_bytes() for path in run(settings, mine).iterdir()}
    os.utime(mine / "0.png", (1, 1))
    again = run(settings, mine, threads=threads)
    assert once == {path.name: path.read_bytes() for path in again.iterdir()}


def test_what_cannot_be_used_is_listed_with_its_reason(
    settings: Make, mine: Path, caplog: pytest.LogCaptureFixture
):
    (mine / "empty.png").write_bytes(b"")
    (mine / "notes, old.txt").write_text('a "note"')
    (mine / "cut.jpg").write_bytes((mine / "1.png").read_bytes()[:5000])
    (mine / "wrong ending.txt").write_bytes(encoded(noise(300, 300, 9)))
    (mine / "large.png").write_bytes(encoded(noise(400, 300)))
    out = run(settings, mine, data__max_rejected=0.9, data__max_pixels=400 * 300 - 1)
    rejected = {row["name"]: row["reason"] for row in table(out / "rejected.csv")}
    assert set(rejected) == {"empty.png", "notes, old.txt", "cut.jpg", "large.png"}
    assert rejected["empty.png"] == "the file is empty"
    assert "400 x 300" in rejected["large.png"]
    names = [row["name"] for row in table(out / "manifest.csv")]
    assert names == [*(f"{seed}.png" for seed in range(6)), "wrong ending.txt"]
    assert read_json(out / "metrics.json")["rejected"] == 4
    assert "not used: empty.png: the file is empty" in caplog.text


def test_too_many_rejected_images_stop_the_stage(settings: Make, mine: Path):
    for name in ("bad.png", "worse.png"):
        (mine / name).write_bytes(b"x")
    with pytest.raises(StudyError) as caught:
        run(settings, mine, data__max_rejected=0.2)
    text = str(caught.value)
    assert text.startswith("2 of 8 images cannot be used (bad.png: ")
    assert "data.max_rejected = 0.2" in text
    assert not (mine.parent / "data/raw").exists()
    run(settings, mine, data__max_rejected=0.25)


def test_a_failed_run_leaves_the_images_of_the_last_one(settings: Make, mine: Path):
    out = run(settings, mine)
    (mine / "bad.png").write_bytes(b"x")
    with pytest.raises(StudyError):
        run(settings, mine)
    with RawReader(out) as raw:
        assert len(raw) == 6
    assert list(out.parent.iterdir()) == [out]


def test_no_usable_image(settings: Make, mine: Path):
    empty = mine / "inner"
    empty.mkdir()
    with pytest.raises(StudyError, match=r"data.source = folder: no usable image$"):
        run(settings, mine, data__folder__path=str(empty))
    (empty / "a.txt").write_text("a")
    with pytest.raises(StudyError, match=r"no usable image among 1 .a.txt: not an image"):
        run(settings, mine, data__folder__path=str(empty), data__max_rejected=1.0)


def test_the_limit_counts_usable_images(settings: Make, mine: Path):
    (mine / "1.png").write_bytes(b"x")
    out = run(settings, mine, data__limit=3, data__max_rejected=0.5)
    assert [row["name"] for row in table(out / "manifest.csv")] == ["0.png", "2.png", "3.png"]
    assert read_json(out / "metrics.json")["rejected"] == 1


def test_small_images_are_used_and_counted_or_refused(
    settings: Make, mine: Path, caplog: pytest.LogCaptureFixture
):
    for name, size in {"low.png": (400, 287), "dot.png": (1, 1), "exact.png": (288, 288)}.items():
        (mine / name).write_bytes(encoded(noise(*size)))
    out = run(settings, mine)
    assert read_json(out / "metrics.json")["small"] == 2
    assert caplog.text.count("2 images are smaller than 288 pixels") == 1
    out = run(settings, mine, data__small="reject", data__max_rejected=0.5)
    rejected = {row["name"]: row["reason"] for row in table(out / "rejected.csv")}
    assert set(rejected) == {"low.png", "dot.png"}
    assert "data.small" in rejected["dot.png"]


def test_images_that_exif_rotates_count_as_they_are_seen(settings: Make, mine: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    (mine / "0.png").write_bytes(encoded(noise(400, 300), "JPEG", exif=exif))
    first = table(run(settings, mine) / "manifest.csv")[0]
    assert (first["width"], first["height"]) == ("300", "400")


def test_images_of_the_same_pixels_share_a_group(settings: Make, mine: Path):
    same = noise(300, 300, 99)
    (mine / "copy a.png").write_bytes(encoded(same))
    (mine / "copy b.bmp").write_bytes(encoded(same, "BMP"))
    (mine / "turned.png").write_bytes(encoded(same.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    group = {row["name"]: row["group"] for row in table(run(settings, mine) / "manifest.csv")}
    assert group["copy a.png"] == group["copy b.bmp"]
    assert len(set(group.values())) == 8


def test_names_of_every_kind_come_through(settings: Make, mine: Path):
    names = ["NA", "null", "1.0", "a;b,c\"d'", "ü 日本 🦊.png", "x" * 251 + ".jpg", "SAME.png",
             "same.png", "$x$.png", "-rf", "#1", " lead", "line\nbreak"]  # fmt: skip
    for seed, name in enumerate(names):
        (mine / name).write_bytes(encoded(noise(288, 288, 50 + seed)))
    out = run(settings, mine)
    with RawReader(out) as raw:
        found = {entry.name: raw.read(index) for index, entry in enumerate(raw.entries)}
    assert len(found) == 6 + len(names)
    for name in names:
        assert found[name.replace("\n", "\\n")] == (mine / name).read_bytes()


def test_members_are_numbered_and_undated(settings: Make, mine: Path):
    (mine / "Z.PNG").write_bytes(encoded(noise(288, 288, 7)))
    (mine / "z").write_bytes(encoded(noise(288, 288, 8)))
    with zipfile.ZipFile(run(settings, mine) / "images.zip") as file:
        members = file.infolist()
    assert [m.filename for m in members[-2:]] == ["000006.png", "000007"]
    assert {m.date_time for m in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {m.compress_type for m in members} == {zipfile.ZIP_STORED}


def test_a_limited_sample_has_several_scenes(settings: Make, tmp_path: Path):
    download(settings(data__limit=8), tmp_path / "raw")
    metrics = read_json(tmp_path / "raw/metrics.json")
    assert (metrics["images"], metrics["groups"], metrics["rejected"]) == (8, 8, 0)


def test_real_images(settings: Make, shared: Path, tmp_path: Path):
    archive = str(shared / "voc2007/VOCtrainval_originals_946.tar")
    changes = {"data__source": "voc2007", "data__voc2007__archive": archive, "data__limit": 30}
    download(settings(**changes), tmp_path / "raw")
    rows = table(tmp_path / "raw/manifest.csv")
    assert len(rows) == 30
    assert rows[1] == {"name": "000009.jpg", "group": "000009.jpg", "width": "500", "height": "375",
                       "labels": "horse;person"}  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_groups_are_the_connected_ones(pairs: list[tuple[int, int]]):
    groups = Groups()
    for group, digest in pairs:
        groups.add(str(group), bytes([digest]))
    together = [{group} for group, _ in pairs]
    for _ in pairs:  # the slow, plain way
        for index, (_, digest) in enumerate(pairs):
            for other, (_, digest_) in enumerate(pairs):
                if digest == digest_ or together[index] & together[other]:
                    together[index] |= together[other]
    for index, (group, _) in enumerate(pairs):
        for other, (group_, _) in enumerate(pairs):
            connected = bool(together[index] & together[other])
            assert (groups.of(str(group)) == groups.of(str(group_))) == connected
