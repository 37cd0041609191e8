"""EXIF and XMP that ImageMagick writes in a PNG as texts of hexadecimal figures."""

import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from made import encoded
from photographs import arrays
from PIL import Image
from test_pictures import tag, with_chunks

from srcore.images.read import look, read

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'
XAP = b"http://ns.adobe.com/xap/1.0/\0"
AUTHOR = tag(0x013B, "Jürgen".encode() + b"\0")


def profile(kind: str, data: bytes, chunk: bytes = b"zTXt") -> tuple[bytes, bytes]:
    """A part as ImageMagick writes it: name, length, and figures, 36 bytes a line."""
    figures = data.hex()
    lines = [figures[k : k + 72] for k in range(0, len(figures), 72)]
    text = "\n".join(["", kind, f"{len(data):8d}", *lines, ""]).encode()
    keyword = f"Raw profile type {kind}".encode() + b"\0"
    if chunk == b"iTXt":
        return chunk, keyword + b"\1\0\0\0" + zlib.compress(text)
    return chunk, keyword + (text if chunk == b"tEXt" else b"\0" + zlib.compress(text))


def saved(path, *parts):
    path.write_bytes(with_chunks(encoded(PHOTOGRAPH), *parts))
    return path


@pytest.mark.parametrize("chunk", [b"tEXt", b"zTXt", b"iTXt"])
@pytest.mark.parametrize(("kind", "start"), [("xmp", b""), ("xmp", XAP), ("APP1", XAP)])
def test_xmp_is_understood(tmp_path, enlarged, kind, start, chunk):
    path = saved(tmp_path / "a.png", profile(kind, start + XMP % 6, chunk))
    assert look(path).notes == ()
    assert look(path).size == (20, 31)
    kept = read(enlarged(path)).kept
    assert kept.xmp == XMP % 1
    assert kept.exif is None
    assert kept.texts == ()


@pytest.mark.parametrize("chunk", [b"tEXt", b"zTXt", b"iTXt"])
@pytest.mark.parametrize("kind", ["exif", "APP1"])
def test_exif_is_understood(tmp_path, enlarged, kind, chunk):
    path = saved(tmp_path / "a.png", profile(kind, b"Exif\0\0" + AUTHOR, chunk))
    assert look(path).notes == ()
    kept = read(enlarged(path)).kept
    assert "Jürgen".encode() in kept.exif
    assert kept.texts == ()


def test_exif_and_xmp_of_the_same_name(tmp_path):
    exif, xmp = profile("APP1", b"Exif\0\0" + AUTHOR), profile("APP1", XAP + XMP % 1)
    for number, parts in enumerate(((exif, xmp), (xmp, exif))):
        kept = look(saved(tmp_path / f"{number}.png", *parts)).kept
        assert kept.xmp == XMP % 1
        assert kept.exif == AUTHOR


def test_a_packet_counts_more_than_a_raw_profile(tmp_path):
    packet = (b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + XMP % 1)
    path = saved(tmp_path / "a.png", packet, profile("xmp", XMP % 6))
    assert look(path).kept.xmp == XMP % 1
    assert look(path).size == PHOTOGRAPH.size


def packed(content: bytes) -> tuple[bytes, bytes]:
    return b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(content)


@contextmanager
def at_most(megabytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 10**6
    finally:
        tracemalloc.stop()


def test_many_packets_take_the_memory_of_one(tmp_path):
    long = packed(XMP % 6 + b" " * 10_000_000)
    path = saved(tmp_path / "a.png", *[long] * 20, packed(XMP % 1))
    with at_most(5):
        assert look(path).kept.xmp == XMP % 1
    assert look(path).notes == ()
    path = saved(tmp_path / "b.png", packed(XMP % 6), *[long] * 20)
    with at_most(60):
        assert look(path).size == (20, 31)


def test_a_damaged_packet_counts_less_than_a_whole_one(tmp_path):
    (name, text), whole = packed(XMP % 1), packed(XMP % 6)
    path = saved(tmp_path / "a.png", whole, *[(name, text[:-9])] * 2, packed(b""))
    assert look(path).notes == ("its XMP is damaged or too long and left out",)
    assert look(path).kept.xmp == XMP % 1
    assert look(path).size == (20, 31)


def test_all_texts_share_one_limit(tmp_path):
    long = profile("exif", AUTHOR + bytes(2_500_000), b"zTXt")
    path = saved(tmp_path / "a.png", *[long] * 30)
    with at_most(60):
        assert look(path).notes == ()
    assert "Jürgen".encode() in look(path).kept.exif
    path = saved(tmp_path / "b.png", packed(b"x" * 70_000_000), packed(b""))
    assert look(path).notes == ("its XMP is damaged or too long and left out",)


@pytest.mark.parametrize(("kind", "called"), [("xmp", "XMP"), ("exif", "EXIF"), ("APP1", "EXIF")])
def test_what_is_no_figures_is_reported(tmp_path, kind, called):
    name, text = profile(kind, b"Exif\0\0" + AUTHOR, b"tEXt")
    path = saved(tmp_path / "a.png", (name, text[:-3] + b"zz\n"))
    (note,) = look(path).notes
    assert note.startswith(f"its {called} is damaged")
    assert look(path).kept.texts == ()
