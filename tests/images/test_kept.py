"""200 made-up images, read, enlarged, written, and read again by programs that are not ours.

What docs/upscale.md says is kept where is generated from what is asserted here (`make docs`).
"""

import shutil
import struct
import subprocess
import zlib
from functools import cache
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from photographs import arrays
from PIL import Image, ImageCms
from profiles import grey_profile, rgb_profile

from srcore.images.formats.format import PARTS
from srcore.images.formats.table import FORMATS
from srcore.images.read import look
from srcore.upscale.resize import alpha_rows, resized

SOURCES = ("png", "tif", "jpg", "webp")
TARGETS = ("jpg", "png", "tif", "webp", "avif", "bmp", "ppm")
PROFILES = (None, "P3")
ORIENTATIONS = (1, 6, 8)
PHOTOGRAPH = np.asarray(
    Image.fromarray(arrays()[2]).resize((24, 18), Image.Resampling.BICUBIC)
    .resize((48, 36), Image.Resampling.BICUBIC)
)  # fmt: skip
"""Smooth, so that a lossy format changes little."""
AUTHOR = "Jürgen 写".encode()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\xe5\x86\x99</x:xmpmeta>'
IPTC = b"\x1c\x02\x50\0\x07M\xfcller\0"
LOSSY = {"jpg": 4, "webp": 8, "avif": 5}
"""Format → mean levels by which its own loss may change the image."""


def tags(orientation: int) -> bytes:
    """EXIF of an author and an orientation."""
    text = AUTHOR + b"\0"
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    entries += struct.pack("<HHII", 0x013B, 2, len(text), 38)
    return b"II*\0\x08\0\0\0\x02\0" + entries + bytes(4) + text


def cases() -> list[tuple]:
    """The formats, depths, channels, alpha, profiles and orientations that go together."""
    found = []
    for source, target, channels, profile, rotated, wide in product(
        SOURCES, TARGETS, (1, 2, 3, 4), PROFILES, ORIENTATIONS, (False, True)
    ):
        alpha = channels in (2, 4)
        if wide and source not in ("png", "tif"):
            continue
        if (alpha and source == "jpg") or (channels < 3 and source == "webp"):
            continue
        kind = FORMATS[{"jpg": "JPEG", "tif": "TIFF"}.get(target, target.upper())]
        if (alpha and not kind.alpha) or (wide and not kind.wide):
            continue
        found.append((source, target, channels, profile, rotated, wide))
    chosen = np.random.default_rng(20).permutation(len(found))[:200]
    return [found[k] for k in sorted(chosen)]


def pixels_of(channels: int, wide: bool) -> np.ndarray:
    alpha = np.broadcast_to(np.linspace(40, 255, 48).astype(np.uint8), (36, 48))[..., None]
    colours = PHOTOGRAPH if channels > 2 else PHOTOGRAPH[..., :1]
    made = colours if channels in (1, 3) else np.concatenate([colours, alpha], axis=2)
    return made.astype(np.uint16) * 257 if wide else made


def write_source(path: Path, pixels: np.ndarray, icc: bytes | None, orientation: int) -> None:
    """Written by Pillow, by tifffile, and as PNG chunk by chunk: not by what is tested."""
    exif, channels = tags(orientation), pixels.shape[2]
    if path.suffix == ".png":
        parts = [(b"IHDR", struct.pack(">IIBBBBB", 48, 36, 8 * pixels.itemsize,
                                       {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0))]  # fmt: skip
        parts += [(b"iCCP", b"p\0\0" + zlib.compress(icc))] if icc else []
        rows = pixels.astype(f">u{pixels.itemsize}").reshape(36, -1).view(np.uint8)
        body = b"".join(b"\0" + row.tobytes() for row in rows)
        parts += [(b"eXIf", exif), (b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + XMP)]
        parts += [(b"IDAT", zlib.compress(body)), (b"tEXt", b"Title\0\xfc"), (b"IEND", b"")]
        data = b"".join(
            struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d))
            for n, d in parts
        )
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    elif path.suffix == ".tif":
        tifffile.imwrite(
            path,
            pixels[..., 0] if channels == 1 else pixels,
            photometric="rgb" if channels > 2 else "minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"] if channels in (2, 4) else None,
            iccprofile=icc,
            metadata=None,
            extratags=[
                (0x0112, 3, 1, orientation, True),
                (0x013B, 2, len(AUTHOR) + 1, AUTHOR, True),
                (700, 1, len(XMP), XMP, True),
                (0x83BB, 7, len(IPTC), IPTC, True),
            ],
        )
    else:
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        options = {"quality": 100, "exif": b"Exif\0\0" + exif, "xmp": XMP, "icc_profile": icc}
        if path.suffix == ".jpg":
            resource = (
                b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC
            )
            options |= {"comment": b"said \xfc", "subsampling": 0}
            options["extra"] = b"\xff\xed" + struct.pack(">H", len(resource) + 2) + resource
        image.save(path, **options | ({"lossless": True} if path.suffix == ".webp" else {}))


@cache
def program() -> str | None:
    """ImageMagick's command, None without: an independent reader of all of these formats."""
    for name in ("magick", "convert-im6.q16", "convert"):
        if path := shutil.which(name):
            version = subprocess.run([path, "-version"], capture_output=True, text=True).stdout
            if "Version: ImageMagick" in version:
                return path
    return None


def magick(*arguments: object) -> bytes:
    command = [str(program()), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def seen(path: Path, size: tuple[int, int]) -> np.ndarray:
    """The pixels as RGBA of 16 bits, (H, W, 4), by ImageMagick; of AVIF by libvips.

    ImageMagick 6 reads neither transparency nor profile of an AVIF, and we read it by Pillow.
    """
    if path.suffix == ".avif":
        image = pyvips.Image.new_from_file(str(path))
        image = image if image.hasalpha() else image.addalpha()
        return image.numpy().astype(np.uint16) * 257
    raw = magick(path, "-depth", 16, "-endian", "LSB", "rgba:-")
    return np.frombuffer(raw, "<u2").reshape(size[1], size[0], 4)


def profile_of(path: Path) -> bytes:
    """The colour profile of a file that has one, by the same."""
    if path.suffix == ".avif":
        return pyvips.Image.new_from_file(str(path)).get("icc-profile-data")
    return magick(path, "icc:-")


@pytest.mark.slow
@pytest.mark.skipif(program() is None, reason="needs ImageMagick (apt-get install imagemagick)")
@pytest.mark.parametrize(("source", "target", "channels", "profile", "rotated", "wide"), cases())
def test_what_goes_in_comes_out(
    tmp_path, enlarged, source, target, channels, profile, rotated, wide
):
    icc = None if profile is None else rgb_profile() if channels > 2 else grey_profile()
    path, pixels = tmp_path / f"a.{source}", pixels_of(channels, wide)
    write_source(path, pixels, icc, rotated)
    made = enlarged(path, 2, tmp_path / f"b.{target}")
    kind = FORMATS[{"jpg": "JPEG", "tif": "TIFF"}.get(target, target.upper())]
    kept = look(path).kept
    # The colours: enlarged by bicubic interpolation, in sRGB where the profile is not written.
    order = {1: pixels, 6: np.rot90(pixels, -1), 8: np.rot90(pixels, 1)}[rotated]
    size = (2 * order.shape[1], 2 * order.shape[0])
    found = seen(made, size)
    colours = order[..., : 1 if channels < 3 else 3]
    expected = resized(np.ascontiguousarray(colours), size, (0, 0, size[0] / 2, size[1] / 2))
    if icc and not (kind.keeps(kept, "icc") and (kind.grey or channels > 2)):
        # By what a PNG holds: the network's bicubic may be a level off Pillow's, which a profile
        # would make two.
        plain = seen(enlarged(path, 2, tmp_path / "plain.png"), size)[..., :3] // 257
        eight = Image.fromarray(
            plain[..., 0].astype(np.uint8) if channels < 3 else plain.astype(np.uint8)
        )
        own, srgb = ImageCms.ImageCmsProfile(BytesIO(icc)), ImageCms.createProfile("sRGB")
        expected = np.asarray(ImageCms.profileToProfile(eight, own, srgb, outputMode="RGB"))
    reference = expected.astype(float) / np.iinfo(expected.dtype).max * 255
    # At the border Pillow's bicubic repeats nothing; inside it is that of the network of the test.
    inside = slice(6, -6)
    difference = np.abs(found[..., :3] / 257 - reference)[inside, inside]
    if target in LOSSY or source == "jpg":
        assert difference.mean() < LOSSY.get(target, 3)
    else:
        assert difference.max() <= 1.01
    if channels in (2, 4):
        alpha = alpha_rows(np.ascontiguousarray(order[..., -1]), size, 0, size[1])
        levels = np.abs(found[..., 3] / 257 - alpha / np.iinfo(alpha.dtype).max * 255)
        assert levels[inside, inside].max() <= (3 if target == "avif" else 1.01)
    # The bytes beside the pixels, in the file itself and by ImageMagick.
    data = made.read_bytes()
    assert (AUTHOR in data) == ("exif" in kind.holds)
    assert (XMP in data) == ("xmp" in kind.holds)
    if kept.iptc:
        assert (IPTC in data) == ("iptc" in kind.holds)
    if kept.comment:
        assert (b"said \xfc" in data) == ("comment" in kind.holds)
    if kept.texts:
        assert (b"Title\0\xfc" in data) == ("texts" in kind.holds)
    if icc and kind.keeps(kept, "icc") and (kind.grey or channels > 2):
        assert profile_of(made) == icc


def test_there_are_200_images_of_every_kind():
    chosen = cases()
    assert len(chosen) == 200
    assert all({case[k] for case in chosen} == set(values) for k, values in (
        (0, SOURCES), (1, TARGETS), (2, (1, 2, 3, 4)), (3, PROFILES), (4, ORIENTATIONS),
        (5, (False, True)),
    ))  # fmt: skip


def test_the_parts_of_a_format_are_those_that_there_are():
    assert all(kind.holds <= set(PARTS) for kind in FORMATS.values())
