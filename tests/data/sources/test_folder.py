import os
from pathlib import Path

import pytest
from made import encoded, noise

from srcore.common.errors import StudyError
from srcore.data.sources import folder
from srcore.images.error import ImageError


def test_every_file_sorted_by_path_whatever_its_ending(tmp_path: Path):
    for name in ("b.jpg", "a b/ü 日本.PNG", "a/z", "A.jpg", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    found = list(folder.files(tmp_path))
    assert [s.name for s in found] == ["A.jpg", "a b/ü 日本.PNG", "a/z", "b.jpg", "notes.txt"]
    assert all(s.group == s.name and s.labels == () for s in found)
    assert [s.data for s in found] == [s.name.encode() for s in found]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path):
    for name in (".DS_Store", ".git/x.png", "seen/.y.png", "seen/z.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert [s.name for s in folder.files(tmp_path)] == ["seen/z.png"]


def test_a_hidden_parent_of_the_folder_itself_does_not_matter(tmp_path: Path):
    inner = tmp_path / ".cache/images"
    inner.mkdir(parents=True)
    (inner / "a.png").write_bytes(b"x")
    assert [s.name for s in folder.files(inner)] == ["a.png"]


def test_names_of_255_bytes_and_names_equal_but_for_case(tmp_path: Path):
    long = "ü" * 125 + ".jpeg"
    assert len(long.encode()) == 255
    for name in (long, "same.png", "SAME.png"):
        (tmp_path / name).write_bytes(b"x")
    assert {s.name for s in folder.files(tmp_path)} == {long, "same.png", "SAME.png"}


def test_unprintable_names_are_escaped(tmp_path: Path):
    (tmp_path / "line\nbreak.png").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/latin-\xfc.png")).write_bytes(b"x")
    names = [s.name for s in folder.files(tmp_path)]
    assert names == ["latin-\\udcfc.png", "line\\nbreak.png"]


def test_what_cannot_be_read_is_said_and_not_left_out(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    good = tmp_path / "real/good.png"
    good.write_bytes(encoded(noise(2, 2)))
    (tmp_path / "fine.png").symlink_to(good)
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(folder.MAX_BYTES + 1)
    found = {s.name: s.data for s in folder.files(tmp_path)}
    reasons = {name: str(data) for name, data in found.items() if isinstance(data, ImageError)}
    assert set(reasons) == {"linked", "broken.png", "loop.png", "pipe.png", "huge.png"}
    assert "not followed" in reasons["linked"]
    assert found["fine.png"] == found["real/good.png"] == good.read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_one_line(tmp_path: Path):
    (tmp_path / "locked").mkdir(mode=0)
    with pytest.raises(StudyError, match="locked: cannot be read"):
        list(folder.files(tmp_path))
