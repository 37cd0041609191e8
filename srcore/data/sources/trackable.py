"""Whether DVC can track a file or folder of the user's, all files of a folder, hidden ones too.

DVC follows links, waits at a pipe for ever, and ends with an error of its own at a link to nowhere
or at a name that is not UTF-8. The stage `check` looks first, and names the file.
"""

import stat
from collections.abc import Iterator
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.text import printable

DEEPEST = 100
"""Folders within folders; DVC and `os.walk` follow each other's calls, which Python bounds."""


def check_trackable(key: str, place: Path) -> None:
    """Look at the kind of a file, or of every file below a folder; no file is opened.

    Args:
        key: the parameter that names it.
        place: the file or folder.

    Raises:
        StudyError: DVC could not read it or one of them; it and what to do are named.
    """
    if why := _reason(place):
        raise StudyError(
            f"{key}: {printable(str(place))} is {why}, which DVC cannot read; "
            "name another file or folder"
        )
    if not place.is_dir():
        return
    for path, why in _untrackable(place, frozenset({place.resolve()})):
        raise StudyError(
            f"{key}: {printable(str(path))} is {why}, which DVC cannot read; take it out of the "
            "folder and run again"
        )


def _untrackable(folder: Path, above: frozenset[Path]) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        why = _reason(path)
        if why is None and path.is_dir():
            within = path.resolve()
            if within in above:
                why = "a link to a folder that it lies in"
            elif len(above) > DEEPEST:
                why = f"more than {DEEPEST} folders deep"
            else:
                yield from _untrackable(path, above | {within})
        if why:
            yield path, why


def _reason(path: Path) -> str | None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "of a name that is not UTF-8"
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nowhere"
    except OSError as error:
        return f"out of reach ({error.strerror})"
    return None if stat.S_ISREG(kind) or stat.S_ISDIR(kind) else "a pipe or a device, not a file"
