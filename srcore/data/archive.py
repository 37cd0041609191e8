"""Members of a tar, tar.gz or zip archive, read into memory; nothing is ever unpacked to disk."""

import gzip
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from srcore.common.errors import StudyError
from srcore.common.files import about
from srcore.common.reading import open_regular
from srcore.common.text import LONGEST_NAME, printable

MAX_MEMBER = 256 << 20
"""Bytes; no image or annotation is larger."""

MAX_RATIO = 50
"""An archive that unpacks to more than this many times its size is a bomb: images, which are
compressed already, stay near 1, and text near 10."""

SLACK = 1 << 20
"""Bytes that any archive may unpack to."""

MAX_MEMBERS = 500_000
"""Members of an archive, each of which takes memory."""

MAX_HEADER = 1 << 16
"""Bytes of a name or of other words about a member; no name has as many."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How members of a zip may be packed. Others take as much memory as the archive asks for."""


@dataclass(frozen=True)
class Archive:
    """An open archive."""

    path: Path
    members: Mapping[str, int]
    """Size in bytes of every file, by its name in the archive, without ./ and //."""
    _read: Callable[[str], bytes]

    def read(self, name: str) -> bytes:
        """Give a member's bytes.

        Raises:
            StudyError: the archive is damaged there, or the member is too large.
        """
        size = self.members[name]
        if size > MAX_MEMBER:
            raise StudyError(
                f"{self.path}: {_short(name)} has {size} bytes, more than {MAX_MEMBER}"
            )
        try:
            data = self._read(name)
        except (tarfile.TarError, *_ZIP_ERRORS) as error:
            raise _damaged(self.path, error) from None
        if len(data) != size:
            raise _damaged(self.path, f"{_short(name)} is cut short")
        return data


_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
)
_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_archive(path: Path) -> Generator[Archive, None, None]:
    """Open an archive, whatever its name, and check the name and kind of every member.

    Of two members of one name the later counts, as when a tar is unpacked.

    Raises:
        StudyError: no archive, damaged, a bomb, or with members that point outside, links or
            devices, which an archive of images has no use for.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(path))
        magic = file.read(len(_GZIP_MAGIC))
        file.seek(0)
        if magic == b"PK":
            yield _open_zip(path, file, stack)
            return
        if magic == _GZIP_MAGIC:
            # Members are wanted in the order of their names, which in a gzip would mean to
            # unpack it from the start again and again: unpack once, to a file without a name.
            file = stack.enter_context(_unpacked(path, file))
        yield _open_tar(path, file, stack)


def _open_zip(path: Path, file: IO[bytes], stack: ExitStack) -> Archive:
    try:
        archive = stack.enter_context(zipfile.ZipFile(file))
    except _ZIP_ERRORS as error:
        raise _damaged(path, error) from None
    listed = archive.infolist()
    if len(listed) > MAX_MEMBERS:
        raise _too_many(path)
    members: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        name = _checked(path, member.filename)
        kind = member.external_attr >> 16 & 0o170000
        if kind not in (0, 0o100000, 0o040000):
            raise _refused(path, member.filename, "is a link or a device")
        if member.flag_bits & 1:
            raise _refused(path, member.filename, "is encrypted")
        if member.compress_type not in METHODS:
            raise StudyError(
                f"{path}: {_short(member.filename)} is packed by method {member.compress_type}, "
                "and only stored and deflated ones are read; pack it again"
            )
        if not member.is_dir():
            members[name] = member
    if sum(member.file_size for member in listed) > _bound(path):
        raise _bomb(path)
    sizes = {name: member.file_size for name, member in members.items()}
    return Archive(path, sizes, lambda name: archive.read(members[name]))


def _open_tar(path: Path, file: IO[bytes], stack: ExitStack) -> Archive:
    try:
        headers = _Headers(file)
        archive = stack.enter_context(tarfile.TarFile(fileobj=cast("IO[bytes]", headers)))
        members = _tar_members(path, archive)
        # tarfile takes a damaged or cut header for the end of the archive; the true end is zeros.
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise _damaged(path, "its end is missing")
        headers.longest = MAX_MEMBER
    except RecursionError:  # tarfile calls itself for each header about another header
        raise _damaged(path, "headers about headers, without end") from None
    except (tarfile.TarError, EOFError, ValueError, OverflowError, LookupError) as error:
        raise StudyError(
            f"{path}: not a whole tar, tar.gz or zip archive ({' '.join(str(error).split())}); "
            "download it again"
        ) from None

    def read(name: str) -> bytes:
        stream = archive.extractfile(members[name])  # by its name, tarfile would search for it
        return stream.read() if stream else b""

    return Archive(path, {name: member.size for name, member in members.items()}, read)


def _tar_members(path: Path, archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    members: dict[str, tarfile.TarInfo] = {}
    count, place = 0, -1
    while member := archive.next():
        count += 1
        if count > MAX_MEMBERS:
            raise _too_many(path)
        # A size below zero sends tarfile back to what it has read, for ever.
        if member.size < 0 or archive.offset <= place:
            raise _damaged(path, f"{_short(member.name)} has an impossible size")
        place = archive.offset
        name = _checked(path, member.name)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise _refused(path, member.name, "is a link, a device or a sparse file")
        members[name] = member
    return members


class _Headers:
    """A file that gives no more than `longest` bytes at once: headers of a tar are short."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.longest = MAX_HEADER
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """As a file's own.

        Raises:
            tarfile.ReadError: more is asked for.
        """
        if not 0 <= size <= self.longest:
            raise tarfile.ReadError(f"a header of more than {self.longest} bytes")
        return self._file.read(size)


@contextmanager
def _unpacked(path: Path, file: IO[bytes]) -> Generator[IO[bytes], None, None]:
    bound = _bound(path)
    with tempfile.TemporaryFile() as target:
        try:
            with about(Path(tempfile.gettempdir())), gzip.GzipFile(fileobj=file) as source:
                while chunk := source.read(1 << 20):
                    if target.tell() > bound:
                        raise _bomb(path)
                    target.write(chunk)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise _damaged(path, error) from None
        target.seek(0)
        yield target


def _checked(path: Path, name: str) -> str:
    """A member's name without ./ and //, if it stays within the archive."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]):
        raise _refused(path, name, "points outside the archive")
    return str(PurePosixPath(name))


def _bound(path: Path) -> int:
    return path.stat().st_size * MAX_RATIO + SLACK


def _short(name: str) -> str:
    return printable(name, LONGEST_NAME)


def _refused(path: Path, name: str, why: str) -> StudyError:
    shown = repr(name) if len(name) <= LONGEST_NAME else f"'{_short(name)}'"
    return StudyError(f"{path}: refused, for {shown} {why}; use an archive that can be trusted")


def _too_many(path: Path) -> StudyError:
    return StudyError(f"{path}: refused, for it has more than {MAX_MEMBERS} members")


def _bomb(path: Path) -> StudyError:
    return StudyError(
        f"{path}: refused, for it unpacks to more than {MAX_RATIO} times its size; "
        "use an archive that can be trusted"
    )


def _damaged(path: Path, why: object) -> StudyError:
    return StudyError(f"{path}: damaged ({' '.join(str(why).split())}); download it again")
