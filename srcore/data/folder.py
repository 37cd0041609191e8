"""The user's own pictures: every file of a folder and the folders in it."""

import os
from collections.abc import Iterator
from pathlib import Path

from srcore.data.pictures import PictureError
from srcore.data.source import Source, printable
from srcore.errors import StudyError
from srcore.progress import progress

MAX_BYTES = 1 << 30
"""Larger files are no photographs, and would not fit in memory several at a time."""


def pictures(folder: Path) -> Iterator[Source]:
    """Yield every file below `folder`, sorted by its path in it, each a group of its own.

    A file's ending does not matter. Hidden files and folders (.name) are left out; links to
    folders and what is not a file are yielded as errors, so that nothing is missed in silence.

    Raises:
        StudyError: a folder cannot be read.
    """
    paths = sorted(_below(folder), key=lambda path: path.relative_to(folder).as_posix())
    for path in progress(paths, "download", unit="picture"):
        name = printable(path.relative_to(folder).as_posix())
        yield Source(name, name, (), _read(path))


def _below(folder: Path) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise StudyError(f"{error.filename}: cannot be read ({error.strerror})")

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        linked = [name for name in folders if Path(place, name).is_symlink()]
        for name in [*files, *linked]:
            if not name.startswith("."):
                yield Path(place, name)


def _read(path: Path) -> bytes | PictureError:
    try:
        if path.is_dir():
            return PictureError("a link to a folder; links to folders are not followed")
        if not path.is_file():  # opening a pipe, say, would wait for ever
            return PictureError("a broken link, or not a file")
        if path.stat().st_size > MAX_BYTES:
            return PictureError(f"the file is larger than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        return PictureError(f"cannot be read ({error.strerror})")
