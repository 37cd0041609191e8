import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import encoded, noise
from PIL import Image

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.data.dataset import Pyramids
from srcore.data.pyramids import build_pyramids
from srcore.data.raw import Entry, RawReader, RawWriter

SIZES = (8, 16, 32)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    with RawWriter(folder) as writer:
        for seed, (width, height) in enumerate([(50, 40), (7, 90), (1, 1), (32, 32), (64, 64)]):
            labels = ("cat", "dog")[:seed]
            entry = Entry(f"ü {seed}.png", f"g{seed}", width, height, labels)
            writer.add(entry, encoded(noise(width, height, seed)))
        writer.finish("folder", [entry.group for entry in writer.entries], 0)
    return folder


@pytest.fixture
def packed(raw: Path, tmp_path: Path) -> Path:
    build_pyramids(raw, tmp_path / "pyramids", SIZES, 2)
    return tmp_path / "pyramids"


def test_every_level_is_resized_from_the_original(packed: Path):
    pyramids = Pyramids.open(packed)
    shapes = [(50, 40), (7, 90), (1, 1), (32, 32), (64, 64)]
    for index, (width, height) in enumerate(shapes):
        image = noise(width, height, index)
        for level, size in zip((pyramids.low, pyramids.mid, pyramids.large), SIZES, strict=True):
            expected = image.resize((size, size), Image.Resampling.BICUBIC)
            assert np.array_equal(level[index], np.asarray(expected))
    assert np.array_equal(pyramids.large[3], np.asarray(noise(32, 32, 3))), (
        "its own size: untouched"
    )


def test_what_the_reader_gives(packed: Path):
    pyramids = Pyramids.open(packed)
    assert len(pyramids) == 5
    assert pyramids.sizes == SIZES
    assert pyramids.names == tuple(f"ü {seed}.png" for seed in range(5))
    assert pyramids.groups == tuple(f"g{seed}" for seed in range(5))
    assert pyramids.labels == ((), ("cat",), ("cat", "dog"), ("cat", "dog"), ("cat", "dog"))
    assert isinstance(pyramids.low, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        pyramids.low[0] = 0
    assert read_json(packed / "metrics.json") == {"images": 5, "sizes": [8, 16, 32]}


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_bytes_whatever_the_threads(packed: Path, raw: Path, threads: int):
    build_pyramids(raw, raw.parent / "again", SIZES, threads)
    for path in packed.iterdir():
        assert path.read_bytes() == (raw.parent / "again" / path.name).read_bytes()


PEAK = """
import sys
from pathlib import Path
from srcore.data.pyramids import build_pyramids
build_pyramids(Path(sys.argv[1]), Path(sys.argv[2]), (72, 144, 288), 2)
(line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(line.split()[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path, root: Path):
    """350 images more are 114 MB of pixels more, of which none may stay in memory."""
    most: list[int] = []
    for count in (50, 400):
        folder = tmp_path / str(count)
        folder.mkdir()
        with RawWriter(folder) as writer:
            for number in range(count):
                entry = Entry(f"{number}.png", f"{number}", 60, 50, ())
                writer.add(entry, encoded(noise(60, 50, number)))
            writer.finish("folder", [entry.group for entry in writer.entries], 0)
        command = [sys.executable, "-c", PEAK, folder, tmp_path / f"{count}.pyramids"]
        done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        most.append(int(done.stdout))
    assert most[1] - most[0] < 20_000, f"{most} kB"


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size - 1)


def write(name: str, data: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return damage


def save(name: str, array: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / name, array, allow_pickle=True)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove("index.csv"), "index.csv: missing"),
        (remove("16.npy"), "holds 2 packed sizes"),
        (cut("32.npy"), "32.npy: damaged"),
        (write("8.npy", b""), "8.npy: damaged"),
        (write("8.npy", b"nonsense"), "8.npy: damaged"),
        (write("index.csv", b""), "index.csv: "),
        (write("index.csv", b"name,group\na,b\n"), "its columns are not"),
        (write("index.csv", b"name,group,labels,width,height\n\xff,a,,1,1\n"), "index.csv: "),
        (write("index.csv", b'name,group,labels,width,height\n"a,a,,1,1\n'), "index.csv: "),
        (
            write("index.csv", b"name,group,labels,width,height\na,a,,1,1\n"),
            r"not uint8 \(1, 8, 8, 3\)",
        ),
        (save("8.npy", np.zeros((5, 8, 8, 3), np.float32)), "holds float32"),
        (save("8.npy", np.zeros((5, 3, 8, 8), np.uint8)), "not uint8"),
        (save("8.npy", np.array([{"a": 1}])), "damaged"),
    ],
)
def test_a_damaged_folder_is_one_line(packed: Path, damage: Callable[[Path], None], message: str):
    damage(packed)
    with pytest.raises(StudyError, match=message) as caught:
        Pyramids.open(packed)
    assert "\n" not in str(caught.value)
    assert "dvc repro" in str(caught.value)


def test_no_folder_at_all(tmp_path: Path):
    with pytest.raises(StudyError, match=r"nowhere/index.csv: missing"):
        Pyramids.open(tmp_path / "nowhere")
    with pytest.raises(StudyError, match=r"nowhere/manifest.csv: missing"):
        build_pyramids(tmp_path / "nowhere", tmp_path / "out", SIZES, 1)


def test_damaged_raw_images(raw: Path, tmp_path: Path):
    archive = raw / "images.zip"
    data = bytearray(archive.read_bytes())
    data[500] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(StudyError, match=r"images.zip: damaged"):
        build_pyramids(raw, tmp_path / "out", SIZES, 2)
    archive.write_bytes(data[:1000])
    with pytest.raises(StudyError, match="raw: damaged"):
        RawReader(raw)
    archive.unlink()
    with pytest.raises(StudyError, match=r"images.zip: missing"):
        RawReader(raw)
    assert not (tmp_path / "out").exists()


def test_a_manifest_of_other_images(raw: Path):
    path = raw / "manifest.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(StudyError, match=r"5 images in images.zip, 4 in manifest.csv"):
        RawReader(raw)
    path.write_text("".join(lines).replace("50", "wide"))
    with pytest.raises(StudyError, match="raw: damaged"):
        RawReader(raw)
