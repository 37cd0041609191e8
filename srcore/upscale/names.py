"""What the files that are written are called."""

from pathlib import Path

from srcore.images.formats.table import FORMATS

LONGEST = 255
"""Bytes of a file's name, on nearly every disk."""
SHEET = ".compare.png"


def target_of(source: Path, folder: Path, kind: str, label: str) -> Path:
    """`photo.x4.jpg` of photo.jpg, in the folder; `photo.gif.x4.png` where the extension changes.

    So it depends on nothing but its source: photo.png beside photo.gif gets photo.x4.png.
    """
    extensions = FORMATS[kind].extensions
    if source.suffix.lower() in extensions:
        return folder / short(source.stem, f".{label}{source.suffix}")
    return folder / short(source.name, f".{label}{extensions[0]}")


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
