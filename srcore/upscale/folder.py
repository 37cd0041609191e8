"""What lies in a folder of images, and which of it is called an image."""

import os
from collections.abc import Iterator
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.images.formats.table import format_of_extension

READ_EXTENSIONS = (
    ".gif", ".apng", ".mpo", ".avifs", ".pbm", ".pfm",
    ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx",
)  # fmt: skip
"""Of names of images that are read and not written, beside those of `FORMATS`."""
UNREAD_EXTENSIONS = (
    ".heic", ".heif", ".heics", ".heifs", ".hif", ".avci", ".jxl", ".psd", ".psb",
    ".dng", ".gpr", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".orf",
    ".rw2", ".rwl", ".pef", ".srw", ".3fr", ".fff", ".iiq", ".mos", ".mef", ".mrw", ".erf", ".x3f",
    ".dcr", ".kdc",
)  # fmt: skip
"""Of names of images that are not read: they are reported as failed, never skipped silently."""


def real_path(path: Path) -> Path:
    """The path from the top, links followed; of links that run in a ring, as far as they lead."""
    return Path(os.path.realpath(path))


def called_an_image(path: Path) -> bool:
    """Whether its name says that a file is an image, of a kind that is read or not."""
    extension = path.suffix.lower()
    return format_of_extension(path) is not None or extension in (
        *READ_EXTENSIONS,
        *UNREAD_EXTENSIONS,
    )


def below(folder: Path, out: Path) -> Iterator[Path]:
    """All there is in a folder but for hidden names and the folder `out`, links not followed.

    Raises:
        StudyError: `out` is the folder itself.
        OSError: a folder cannot be read.
    """
    apart = real_path(out)
    if apart == real_path(folder):
        raise StudyError(f"--out {out}: is the folder of the images; name another, or none")
    return _walk(folder, apart)


def left_out(folder: Path, out: Path) -> Iterator[Path]:
    """What `below` leaves out since it lies in `out`: nothing where `out` is not in the folder.

    Raises:
        OSError: a folder cannot be read.
    """
    apart, top = real_path(out), real_path(folder)
    if not apart.is_dir() or not apart.is_relative_to(top):
        return iter(())
    inside = apart.relative_to(top)
    if any(name.startswith(".") for name in inside.parts):
        return iter(())
    return _walk(folder / inside, None)


def _walk(folder: Path, apart: Path | None) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and real_path(Path(place, name)) != apart
        ]
        linked = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in [*files, *linked] if not name.startswith("."))
