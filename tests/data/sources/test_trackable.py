import os
import socket
from pathlib import Path

import pytest

from srcore.common.errors import StudyError
from srcore.data.sources.trackable import check_trackable


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"x")
    (folder / "deep" / "ü.png").write_bytes(b"x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.png").write_bytes(b"x")
    (folder / "linked").symlink_to(tmp_path / "other")
    (folder / "again").symlink_to(tmp_path / "other")
    return folder


def test_what_dvc_reads_passes(mine: Path):
    check_trackable("key", mine)


def test_what_dvc_cannot_read_is_named(mine: Path):
    def made(name: str, make) -> None:
        path = mine / "deep" / name
        make(path)
        with pytest.raises(StudyError) as caught:
            check_trackable("data.folder.path", mine)
        message = str(caught.value)
        assert message.startswith(
            f"data.folder.path: {mine}/deep/{name} is {reasons[name]}, which DVC"
        )
        assert "\n" not in message
        path.unlink()

    reasons = {
        "d.png": "a link to nowhere",
        ".d.png": "a link to nowhere",
        "l.png": "out of reach (Too many levels of symbolic links)",
        "p.png": "a pipe or a device, not a file",
        "s.png": "a pipe or a device, not a file",
        "up": "a link to a folder that it lies in",
    }
    made("d.png", lambda path: path.symlink_to("nowhere"))
    made(".d.png", lambda path: path.symlink_to("nowhere"))
    made("l.png", lambda path: path.symlink_to("l.png"))
    made("p.png", os.mkfifo)
    made("up", lambda path: path.symlink_to(".."))
    with socket.socket(socket.AF_UNIX) as listening:
        made("s.png", lambda path: listening.bind(os.path.relpath(path)))
    check_trackable("key", mine)


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"caf\xe9/a.png"])
def test_names_that_are_not_utf8(mine: Path, name: bytes):
    path = Path(os.fsdecode(os.fsencode(mine) + b"/" + name))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(StudyError, match=r"caf\\udce9.* is of a name that is not UTF-8"):
        check_trackable("key", mine)
