"""What the files that are written are called."""

from pathlib import Path

from srcore.images.formats.table import FORMATS

LONGEST = 255
"""Bytes of a file's name, on nearly every disk."""
SHEET = ".compare.png"


def target_of(source: Path, folder: Path, kind: str, label: str) -> Path:
    """`photo.x4.jpg` of photo.jpg, in the folder, with the ending of what is written."""
    endings = FORMATS[kind].endings
    ending = source.suffix if source.suffix.lower() in endings else endings[0]
    return folder / short(source.stem, f".{label}{ending}")


def another(source: Path, target: Path, label: str, count: int) -> Path:
    """A name for what would take the name of another: `photo.gif.x4.png`, then with a number."""
    number = f".{count}" if count > 1 else ""
    return target.with_name(short(source.name, f".{label}{number}{target.suffix}"))


def sheet_of(target: Path) -> Path:
    """The file of the before and after sheet."""
    return target.with_name(short(target.stem, SHEET))


def short(stem: str, tail: str) -> str:
    """The two as one name, the stem cut off where a disk would not take it."""
    room = LONGEST - len(tail.encode("utf-8", "surrogateescape"))
    data = stem.encode("utf-8", "surrogateescape")
    if len(data) <= room:
        return stem + tail
    cut = data[:room]
    while cut and cut[-1] & 0xC0 == 0x80 and data[len(cut)] & 0xC0 == 0x80:
        cut = cut[:-1]  # not within a letter
    if data[len(cut)] & 0xC0 == 0x80:
        cut = cut[:-1]
    return cut.decode("utf-8", "surrogateescape") + tail
