import hashlib
import io
import tarfile
from pathlib import Path
from xml.parsers.expat import ExpatError

import pytest
from made import encoded, noise

from srcore.common.errors import StudyError
from srcore.data.sources import voc2007
from srcore.data.sources.voc2007 import object_names
from srcore.images.decode import decode
from srcore.images.error import ImageError
from srcore.params.base import NOTHING
from srcore.params.schema import Voc2007

NO_MIRROR = ["http://127.0.0.1:9/nothing.tar"]


def annotation(*names: str) -> bytes:
    part = "<part><name>head</name></part>"
    objects = "".join(f"<object><name>{name}</name>{part}</object>" for name in names)
    return f"<annotation><source><name>x</name></source>{objects}</annotation>".encode()


def archive(path: Path, files: dict[str, bytes]) -> Voc2007:
    with tarfile.open(path, "w") as file:
        for name, data in files.items():
            member = tarfile.TarInfo(f"VOCdevkit/VOC2007/{name}")
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return Voc2007(archive=str(path), mirrors=NO_MIRROR, md5="0" * 32)


def test_images_by_name_with_their_labels(tmp_path: Path):
    image = encoded(noise(4, 4), "JPEG")
    settings = archive(tmp_path / "voc.tar", {
        "JPEGImages/000002.jpg": image,
        "JPEGImages/000001.jpg": image + b"1",
        "JPEGImages/readme.txt": b"",
        "__MACOSX/VOC2007/JPEGImages/._000001.jpg": b"",
        "SegmentationClass/000001.jpg": image,
        "Annotations/000001.xml": annotation("person", "cat", "person"),
    })  # fmt: skip
    found = list(voc2007.photographs(settings, tmp_path))
    assert [(s.name, s.labels) for s in found] == [
        ("000001.jpg", ("cat", "person")),
        ("000002.jpg", ()),
    ]
    assert [s.data for s in found] == [image + b"1", image]


def test_an_image_with_a_damaged_annotation_is_set_aside(tmp_path: Path):
    settings = archive(tmp_path / "voc.tar", {
        "JPEGImages/1.jpg": b"x",
        "Annotations/1.xml": annotation("cat")[:-5],
    })  # fmt: skip
    (found,) = voc2007.photographs(settings, tmp_path)
    assert isinstance(found.data, ImageError)
    assert "annotation is damaged" in str(found.data)


def test_another_archive_is_one_line(tmp_path: Path):
    with pytest.raises(StudyError, match=r"voc.tar: holds no JPEGImages"):
        list(voc2007.photographs(archive(tmp_path / "voc.tar", {"a.jpg": b"x"}), tmp_path))
    with pytest.raises(StudyError, match=r"voc.tar: holds no JPEGImages"):
        list(voc2007.photographs(archive(tmp_path / "voc.tar", {}), tmp_path))


def test_object_names():
    assert object_names(annotation()) == ()
    assert object_names(annotation("a&amp;b", " dog\n")) == ("a&b", "dog")


def described(*objects: tuple[str, str]) -> bytes:
    """An annotation of objects, each with its name and what is said of its difficulty."""
    parts = [
        f"<object><part><name>head</name><difficult>1</difficult></part>{flag}<name>{name}</name>"
        "</object>"
        for name, flag in objects
    ]
    return f"<annotation><difficult>1</difficult>{''.join(parts)}</annotation>".encode()


def test_classes_of_which_all_objects_are_difficult_say_so():
    easy, hard = "<difficult>0</difficult>", "<difficult> 1 </difficult>"
    xml = described(("dog", easy), ("dog", hard), ("car", hard), ("car", hard), ("cat", ""))
    assert object_names(xml) == ("car (difficult)", "cat", "dog")


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<annotation>",
        b"no xml",
        b'<!DOCTYPE a [<!ENTITY b "cat">]><annotation>&b;</annotation>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>',
    ],
)
def test_xml_that_is_damaged_or_could_be_a_bomb(xml: bytes):
    with pytest.raises(ExpatError):
        object_names(xml)


def test_an_archive_in_the_download_cache_is_not_fetched_again(tmp_path: Path):
    archive(tmp_path / "nothing.tar", {"JPEGImages/1.jpg": b"x"})
    md5 = hashlib.md5((tmp_path / "nothing.tar").read_bytes()).hexdigest()
    settings = Voc2007(archive=NOTHING, mirrors=NO_MIRROR, md5=md5)
    assert [s.name for s in voc2007.photographs(settings, tmp_path)] == ["1.jpg"]


@pytest.fixture(autouse=True)
def _at_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # data/none must exist


def test_the_real_archive(shared: Path, tmp_path: Path):
    path = shared / "voc2007/VOCtrainval_originals_946.tar"
    settings = Voc2007(archive=str(path), mirrors=NO_MIRROR, md5="0" * 32)
    sources = voc2007.photographs(settings, tmp_path)
    first = next(sources)
    assert (first.name, first.labels) == ("000005.jpg", ("chair",))
    assert isinstance(first.data, bytes)
    assert decode(first.data, 10**6).size == (500, 375)
    rest = list(sources)
    assert len(rest) == 945
    assert all(source.labels for source in rest)
