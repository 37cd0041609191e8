"""The user's own images: every file of a folder and the folders in it."""

import os
from collections.abc import Iterator
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.common.text import printable
from srcore.data.sources.source import Source
from srcore.images.error import ImageError
from srcore.images.reading.opened import MAX_BYTES
from srcore.params import Params


def images(params: Params, downloads: Path) -> Iterator[Source]:  # noqa: ARG001  # nothing is fetched
    """Yield every file of the folder that `data.folder.path` names."""
    return files(Path(params.data.folder.path))


def files(folder: Path) -> Iterator[Source]:
    """Yield every file below `folder`, sorted by its path in it, each a group of its own.

    A file's extension does not matter. Hidden files and folders (.name) are left out; links to
    folders and what is not a file are yielded as errors, so that nothing is missed in silence.

    Raises:
        StudyError: a folder cannot be read.
    """
    paths = sorted(_below(folder), key=lambda path: path.relative_to(folder).as_posix())
    for path in progress(paths, "download", unit="image"):
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


def _read(path: Path) -> bytes | ImageError:
    try:
        if path.is_dir():
            return ImageError("a link to a folder; links to folders are not followed")
        if not path.is_file():  # opening a pipe, say, would wait for ever
            return ImageError("a broken link, or not a file")
        if path.stat().st_size > MAX_BYTES:
            return ImageError(f"the file is larger than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        return ImageError(f"cannot be read ({error.strerror})")
