import gzip
import io
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from srcore.common.errors import StudyError
from srcore.data import archive
from srcore.data.archive import open_archive

FILES = {"top/b.jpg": b"b" * 700, "top/a.jpg": b"a" * 5, "top/empty.jpg": b""}


def tar(path: Path, files: dict[str, bytes], mode: Literal["w", "w:gz"] = "w") -> Path:
    with tarfile.open(path, mode) as file:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return path


def tar_gz(path: Path, files: dict[str, bytes]) -> Path:
    return tar(path, files, "w:gz")


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def read_all(path: Path) -> list[bytes]:
    with open_archive(path) as opened:
        return [opened.read(name) for name in opened.members]


KINDS = [tar, tar_gz, zipped]


@pytest.mark.parametrize("make", KINDS)
def test_members_are_read_in_any_order_whatever_the_name(tmp_path: Path, make: Callable[..., Path]):
    with open_archive(make(tmp_path / "images.bin", FILES)) as opened:
        assert set(opened.members) == set(FILES)
        for name in ("top/a.jpg", "top/b.jpg", "top/empty.jpg", "top/a.jpg"):
            assert opened.read(name) == FILES[name]
    assert [path.name for path in tmp_path.iterdir()] == ["images.bin"], "nothing unpacked"


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up.jpg", "a/../../up.jpg", "C:/x.jpg", "..\\up.jpg"]
)
def test_members_that_point_outside(tmp_path: Path, make: Callable[..., Path], name: str):
    path = make(tmp_path / "x", {"a.jpg": b"a", name: b"x"})
    with pytest.raises(StudyError, match=r"x: refused, .* points outside"), open_archive(path):
        pass


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar(tmp_path: Path, kind: bytes):
    with tarfile.open(tmp_path / "x.tar", "w") as file:
        member = tarfile.TarInfo("JPEGImages/a.jpg")
        member.type, member.linkname = kind, "/etc/passwd"
        file.addfile(member)
    message = "'JPEGImages/a.jpg' is a link"
    with pytest.raises(StudyError, match=message), open_archive(tmp_path / "x.tar"):
        pass


def test_a_link_in_a_zip(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        member = zipfile.ZipInfo("a.jpg")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(member, "/etc/passwd")
    with pytest.raises(StudyError, match=r"'a.jpg' is a link"), open_archive(tmp_path / "x.zip"):
        pass


@pytest.mark.parametrize("make", [tar_gz, zipped])
def test_a_bomb(tmp_path: Path, make: Callable[..., Path]):
    path = make(tmp_path / "bomb", {"a.jpg": bytes(8 << 20)})
    assert path.stat().st_size < 10_000
    with pytest.raises(StudyError, match="more than 50 times its size"), open_archive(path):
        pass


def test_a_member_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_MEMBER", 600)
    with open_archive(tar(tmp_path / "x.tar", FILES)) as opened:
        assert opened.read("top/a.jpg")
        with pytest.raises(StudyError, match=r"top/b.jpg has 700 bytes, more than 600"):
            opened.read("top/b.jpg")


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_truncated_archive_is_never_taken_for_a_short_one(
    tmp_path: Path, make: Callable[..., Path], share: float
):
    files = {f"{i}.jpg": bytes([i] * 2000) for i in range(20)}
    data = make(tmp_path / "whole", files).read_bytes()
    if make is tar:
        data = data.rstrip(b"\0")  # what follows the last member is padding
    path = tmp_path / "cut"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(StudyError, match="cut: "):
        read_all(path)


def test_every_cut_of_a_tar_is_noticed(tmp_path: Path):
    data = tar(tmp_path / "whole", {f"{i}.jpg": b"x" * 600 for i in range(3)}).read_bytes()
    path = tmp_path / "cut"
    for length in range(0, len(data.rstrip(b"\0")), 128):
        path.write_bytes(data[:length])
        with pytest.raises(StudyError), open_archive(path):
            pass


def test_a_damaged_header_in_the_middle_of_a_tar(tmp_path: Path):
    path = tar(tmp_path / "x.tar", {"a.jpg": b"a", "b.jpg": b"b", "c.jpg": b"c"})
    data = bytearray(path.read_bytes())
    data[1024 + 10] ^= 0xFF  # in the name of the second member, so that its checksum is wrong
    path.write_bytes(data)
    with pytest.raises(StudyError, match="its end is missing"), open_archive(path):
        pass


@pytest.mark.parametrize("make", [tar_gz, zipped])
def test_damaged_content(tmp_path: Path, make: Callable[..., Path]):
    files = {"a.jpg": random.Random(0).randbytes(5000)}
    path = make(tmp_path / "x", files)
    data = bytearray(path.read_bytes())
    data[2500] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(StudyError, match="damaged"):
        read_all(path)


def test_an_encrypted_zip(tmp_path: Path):
    path = zipped(tmp_path / "x.zip", {"a.jpg": b"a"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(StudyError, match=r"'a.jpg' is encrypted"), open_archive(path):
        pass


@pytest.mark.parametrize(  # a time in the data would give every process of the tests its own name
    "data", [b"", b"hello", b"x" * 4096, gzip.compress(b"no tar", mtime=0), b"PK\x03\x04"]
)
def test_what_is_no_archive(tmp_path: Path, data: bytes):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(StudyError, match="x: "), open_archive(tmp_path / "x"):
        pass
