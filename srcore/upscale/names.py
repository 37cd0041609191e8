"""What the files that are written are called."""

import hashlib
import os
import re
from pathlib import Path

from srcore.images.formats.table import FORMATS

LONGEST = 255
"""Bytes of a file's name, on nearly every disk."""
SHEET = ".compare.png"
DIGEST = 12
"""Hexadecimal digits that tell apart names that were cut."""


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


def is_output(name: str, label: str) -> bool:
    """Whether a file is called as one that `srcore upscale` has written, an image or its sheet.

    Args:
        name: of the file.
        label: of the size that is asked for. A name with that of another size counts too, unless
            it is a mere number, as of `--max-side`: `IMG.2024.jpg` may be a photograph.
    """
    sizes = rf"x\d+(?:\.\d+)?|(?:fit)?\d+x\d+|{re.escape(label)}"
    cut = rf"~[0-9a-f]{{{DIGEST}}}{re.escape(SHEET)}"  # of a long name, whose size is cut off
    return re.search(rf"(?:\.(?:{sizes})(?:\.compare)?\.[^.]+|{cut})$", name) is not None


def short(stem: str, tail: str) -> str:
    """The two as one name, the stem cut off where a disk would not take it.

    A cut stem ends in a digest of the whole one: names that differ in what is cut stay two.
    """
    room = LONGEST - len(os.fsencode(tail))
    if len(os.fsencode(stem)) <= room:
        return stem + tail
    digest = hashlib.sha256(os.fsencode(stem)).hexdigest()[:DIGEST]
    begin = stem[:room]
    while len(os.fsencode(begin)) > room - DIGEST - 1:
        begin = begin[:-1]
    return f"{begin}~{digest}{tail}"
