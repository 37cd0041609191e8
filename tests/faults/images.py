"""Odd images of every kind, put into one folder and read in one run of the real stages."""

# ruff: noqa: E501  the lines that stages say are whole here

import csv
import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from faults.fault import Area, Fault, Refused, code, like
from faults.project import SIZES, Lab, Project, photograph

Make = bytes | Callable[[Project], None]


@dataclass(frozen=True)
class Used:
    """The image is used, and every size shows these pixels; `name` as tables write it."""

    pixels: Image.Image
    seen: str
    name: str | None = None

    def __str__(self) -> str:
        return f"used: {self.seen}"

    def check(self, name: str, read: "Read") -> None:
        row = read.names.index(self.name or name)
        for size in SIZES:
            expected = self.pixels.resize((size, size), Image.Resampling.BICUBIC)
            found = read.levels[size][row].astype(int)
            assert np.abs(found - np.asarray(expected, int)).max() <= 2


@dataclass(frozen=True)
class Aside:
    """The image is listed in data/raw/rejected.csv with this reason."""

    reason: str

    def __str__(self) -> str:
        return f"set aside: {code(self.reason)}"

    def check(self, name: str, read: "Read") -> None:
        assert name not in read.names
        assert like(self.reason, read.rejected[name])


@dataclass(frozen=True)
class Read:
    """What the data stages made of the folder."""

    names: list[str]
    groups: list[str]
    levels: dict[int, np.ndarray]
    rejected: dict[str, str]


@dataclass(frozen=True)
class OddImage:
    """A file among the images; stands in the same table as the faults."""

    what: str
    name: str
    make: Make
    ends: Used | Aside
    command: str = "download, resize_pyramids"
    slow: bool = False

    def attempt(self, lab: Lab) -> None:
        self.ends.check(self.name, read_all(lab))

    def row(self) -> str:
        return f"| {self.what} | {code('download')}, {code('resize_pyramids')} | {self.ends} | |"


def read_all(lab: Lab) -> Read:
    """Run the data stages once on a folder that holds all odd images."""
    if "odd images" not in lab.kept:
        project = lab.project("folder", "download")
        project.set("data.max_rejected", 1.0)
        project.set("data.max_pixels", 1_000_000)
        project.set("split.validation", 0.3)
        for odd in ODD:
            if callable(odd.make):
                odd.make(project)
            else:
                (project / f"mine/{odd.name}").write_bytes(odd.make)
        for stage in ("download", "resize_pyramids", "split"):
            tried = project.run(stage)
            assert tried.code == 0, tried.printed
            assert "Traceback" not in tried.printed
        with (project / "data/pyramids/index.csv").open(encoding="utf-8") as file:
            index = list(csv.DictReader(file))
        with (project / "data/raw/rejected.csv").open(encoding="utf-8") as file:
            rejected = {row["name"]: row["reason"] for row in csv.DictReader(file)}
        levels = {size: np.load(project / f"data/pyramids/{size}.npy") for size in SIZES}
        names, groups = [row["name"] for row in index], [row["group"] for row in index]
        assert len(names) + len(rejected) == len(list((project / "mine").rglob("*")))
        lab.kept["odd images"] = Read(names, groups, levels, rejected)
    return lab.kept["odd images"]


@dataclass(frozen=True)
class Together(Used):
    """As `Used`, and in one group with another image, so on one side of the split."""

    other: str = ""

    def check(self, name: str, read: Read) -> None:
        super().check(name, read)
        assert read.groups[read.names.index(name)] == read.groups[read.names.index(self.other)]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def huge_png(width: int = 100_000, height: int = 100_000) -> bytes:
    """A PNG whose header claims so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(bytes(10_000))) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body


def cut_jpeg() -> bytes:
    whole = encoded(IMAGE, "JPEG")
    return whole[: len(whole) // 2]


def animated() -> bytes:
    other = Image.new("RGB", IMAGE.size, "red")
    return encoded(IMAGE, "PNG", save_all=True, append_images=[other])


def rotated_by_exif() -> bytes:
    """Stored lying on its side; EXIF says how to rotate it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(IMAGE.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)


def half_clear() -> Image.Image:
    clear = IMAGE.convert("RGBA")
    clear.putalpha(Image.new("L", IMAGE.size, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 48, 80))
    return clear


def on_white() -> Image.Image:
    white = IMAGE.copy()
    white.paste("white", (0, 0, 48, 80))
    return white


def link(project: Project) -> None:
    (project / "mine/dangling.png").symlink_to("nowhere")


def linked_folder(project: Project) -> None:
    (project / "mine/elsewhere").symlink_to(project.path / "data")


def pipe(project: Project) -> None:
    os.mkfifo(project / "mine/pipe.png")


def device(project: Project) -> None:
    (project / "mine/zeros.png").symlink_to("/dev/zero")


def with_zeros_behind(name: str) -> Callable[[Project], None]:
    """An image, and 6 GB of nothing behind it, which take no room on the disk."""

    def make(project: Project) -> None:
        (project / name).write_bytes(encoded(IMAGE, "PNG"))
        os.truncate(project / name, 6 << 30)

    return make


def pages_tif() -> bytes:
    """20,000 pages of 2 × 2 grey pixels."""
    pages, place = bytearray(b"II*\0" + struct.pack("<I", 12) + b"\x80" * 4), 12
    for number in range(20_000):
        tags = ((256, 2), (257, 2), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 2))
        tags = (*tags, (279, 4))
        place += 2 + 12 * len(tags) + 4
        pages += struct.pack("<H", len(tags))
        pages += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        pages += struct.pack("<I", place if number < 19_999 else 0)
    return bytes(pages)


def with_long_text(project: Project) -> None:
    """A PNG with a profile and an XMP that unpack to 200 MB each."""
    whole, much = encoded(IMAGE, "PNG"), zlib.compress(bytes(200 << 20), 9)
    parts = png_chunk(b"iCCP", b"p\0\0" + much)
    parts += png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + much)
    (project / "mine/text.png").write_bytes(whole[:33] + parts + whole[33:])


def undecodable(project: Project) -> None:
    path = os.fsencode(project / "mine") + b"/caf\xe9.png"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(encoded(photograph(23), "PNG"))


IMAGE = photograph(13)
GREY = IMAGE.convert("L")
WIDE = Image.fromarray(np.asarray(GREY, np.uint16) * 257)
CYAN = Image.new("CMYK", (96, 80), (255, 0, 0, 0))
LONG = "x" * 251 + ".png"


def png(number: int) -> bytes:
    return encoded(photograph(number), "PNG")


ODD = [
    OddImage("a JPEG cut in half", "cut.jpg", cut_jpeg(), Aside("damaged: …")),
    OddImage("an empty file", "empty.png", b"", Aside("the file is empty")),
    OddImage(
        "a text file named .jpg",
        "text.jpg",
        b"not an image",
        Aside("not an image of a known kind (…)"),
    ),
    OddImage(
        "an image with a wrong extension",
        "png.jpg",
        encoded(photograph(14), "PNG"),
        Used(photograph(14), "its content counts"),
    ),
    OddImage(
        "CMYK",
        "cmyk.jpg",
        encoded(CYAN, "JPEG"),
        Used(Image.new("RGB", (96, 80), (0, 255, 255)), "as RGB"),
    ),
    OddImage("grey", "grey.png", encoded(GREY, "PNG"), Used(GREY.convert("RGB"), "as RGB")),
    OddImage(
        "grey with transparency",
        "la.png",
        encoded(half_clear().convert("LA"), "PNG"),
        Used(on_white().convert("L").convert("RGB"), "on white"),
    ),
    OddImage(
        "colours with transparency",
        "rgba.png",
        encoded(half_clear(), "PNG"),
        Used(on_white(), "on white"),
    ),
    OddImage(
        "a palette with transparency",
        "palette.png",
        encoded(Image.new("P", (9, 9), 0), "PNG", transparency=0),
        Used(Image.new("RGB", (9, 9), "white"), "on white"),
    ),
    OddImage(
        "16 bits", "wide.png", encoded(WIDE, "PNG"), Used(GREY.convert("RGB"), "scaled to 8 bits")
    ),
    OddImage(
        "32 bits",
        "float.tif",
        encoded(GREY.convert("F"), "TIFF"),
        Aside(
            "32 bits per sample (floating point) have no known white; convert it to 8 or 16 bits"
        ),
    ),
    OddImage("rotated by EXIF", "rotated.png", rotated_by_exif(), Used(IMAGE, "upright")),
    OddImage("animated", "animated.png", animated(), Used(IMAGE, "its first frame")),
    OddImage(
        "1 × 1 pixel",
        "dot.png",
        encoded(Image.new("RGB", (1, 1), "teal"), "PNG"),
        Used(Image.new("RGB", (1, 1), "teal"), "enlarged"),
    ),
    OddImage(
        "more pixels than data.max_pixels",
        "large.png",
        encoded(Image.new("L", (1001, 1000)), "PNG"),
        Aside("1001 x 1000 pixels are more than 1000000 (data.max_pixels)"),
    ),
    OddImage(
        "a decompression bomb",
        "bomb.png",
        huge_png(),
        Aside("100000 x 100000 pixels are more than 1000000 (data.max_pixels)"),
    ),
    OddImage(
        "a copy under another name",
        "copy.bmp",
        encoded(photograph(3), "BMP"),
        Together(
            photograph(3),
            "in one group with the first, so on its side of the split",
            other="03.png",
        ),
    ),
    OddImage(
        "a name with spaces and commas",
        "my  image, 2.png",
        png(15),
        Used(photograph(15), "under its name"),
    ),
    OddImage(
        "a name with a quote and a dollar",
        "\"a\" $1 'b'.png",
        png(16),
        Used(photograph(16), "under its name"),
    ),
    OddImage(
        "a name in other scripts", "зима 冬 ☃.png", png(17), Used(photograph(17), "under its name")
    ),
    OddImage("a name of 255 bytes", LONG, png(18), Used(photograph(18), "under its name")),
    OddImage(
        "a name with a line break",
        "two\nlines.png",
        png(19),
        Used(photograph(19), "written as an escape", "two\\nlines.png"),
    ),
    OddImage(
        "a name that is not UTF-8",
        "café.png",
        undecodable,
        Used(photograph(23), "written as an escape", "caf\\udce9.png"),
    ),
    OddImage(
        "a name that a table takes for a missing value",
        "NA",
        png(20),
        Used(photograph(20), "under its name"),
    ),
    OddImage(
        "a name with words for a terminal",
        "\x1b[31mred.png",
        png(24),
        Used(photograph(24), "written as escapes", "\\x1b[31mred.png"),
    ),
    OddImage(
        "a name that turns the direction of writing",
        "\u202egnp.exe",
        png(25),
        Used(photograph(25), "written as an escape", "\\u202egnp.exe"),
    ),
    *[
        OddImage(
            f"a name that a spreadsheet takes for a formula ({sign}…)",
            f"{sign}1+1.png",
            png(number),
            Used(photograph(number), "written after an apostrophe", f"'{sign}1+1.png"),
        )
        for number, sign in enumerate("=+-@", 26)
    ],
    OddImage("two names equal but for case", "Case.png", png(21), Used(photograph(21), "both")),
    OddImage(
        "two names equal but for case, the other", "case.png", png(22), Used(photograph(22), "both")
    ),
    OddImage("a link to nothing", "dangling.png", link, Aside("a broken link, or not a file")),
    OddImage(
        "a link to a folder",
        "elsewhere",
        linked_folder,
        Aside("a link to a folder; links to folders are not followed"),
    ),
    OddImage("a pipe", "pipe.png", pipe, Aside("a broken link, or not a file")),
    OddImage(
        "a link to a device without end",
        "zeros.png",
        device,
        Aside("a broken link, or not a file"),
    ),
    OddImage(
        "an image with 6 GB behind it",
        "behind.png",
        with_zeros_behind("mine/behind.png"),
        Aside("the file is larger than 1073741824 bytes"),
    ),
    OddImage(
        "a TIFF of 20,000 pages",
        "pages.tif",
        pages_tif(),
        Used(Image.new("RGB", (2, 2), (128, 128, 128)), "its first page"),
    ),
    OddImage(
        "a profile and a text that unpack to 200 MB each",
        "text.png",
        with_long_text,
        Used(IMAGE, "without them"),
    ),
    OddImage(
        "a name with a script",
        "<script>alert(1)<.png",
        png(30),
        Used(photograph(30), "under its name"),
    ),
]


def half_are_bad(project: Project) -> None:
    for number in range(6):
        (project / f"mine/bad{number}.jpg").write_bytes(b"")


def without_the_bad(project: Project) -> None:
    for bad in (project / "mine").glob("bad*"):
        bad.unlink()


def no_small_ones(project: Project) -> None:
    project.set("data.small", "reject")
    (project / "mine/small.png").write_bytes(encoded(photograph(13).resize((63, 80)), "PNG"))


def emptied(project: Project) -> None:
    for image in (project / "mine").iterdir():
        image.unlink()


def one_left(project: Project) -> None:
    for image in sorted((project / "mine").iterdir())[1:]:
        image.unlink()
    assert project.run("download").code == project.run("resize_pyramids").code == 0


IMAGES = Area(
    "Images",
    [
        *ODD,
        Fault(
            "more than data.max_rejected of them bad",
            "download",
            Refused(
                "6 of 18 images cannot be used (bad0.jpg: the file is empty; bad1.jpg: the file is empty; bad2.jpg: the file is empty), more than data.max_rejected = 0.05 allows; fix or remove them, or raise it"
            ),
            half_are_bad,
            without_the_bad,
        ),
        Fault(
            "one smaller than the largest size, where data.small says reject",
            "download",
            Refused(
                "1 of 13 images cannot be used (small.png: 63 x 80 pixels are smaller than 64 (data.small)), more than data.max_rejected = 0.05 allows; fix or remove them, or raise it"
            ),
            no_small_ones,
        ),
        Fault(
            "an empty folder",
            "download",
            Refused("data.source = folder: no usable image"),
            emptied,
        ),
        Fault(
            "one image alone",
            "split",
            Refused(
                "1 images of 1 scene cannot be split; use more images (data.limit, data.source)"
            ),
            one_left,
        ),
    ],
)
