"""Members of a tar, tar.gz or zip archive, read into memory; nothing is ever unpacked to disk."""

import gzip
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from srcore.common.errors import StudyError
from srcore.common.files import about

MAX_MEMBER = 256 << 20
"""Bytes; no image or annotation is larger."""

MAX_RATIO = 50
"""An archive that unpacks to more than this many times its size is a bomb: images, which are
compressed already, stay near 1, and text near 10."""

SLACK = 1 << 20
"""Bytes that any archive may unpack to."""


@dataclass(frozen=True)
class Archive:
    """An open archive."""

    path: Path
    members: Mapping[str, int]
    """Size in bytes of every file, by its name in the archive."""
    _read: Callable[[str], bytes]

    def read(self, name: str) -> bytes:
        """Give a member's bytes.

        Raises:
            StudyError: the archive is damaged there, or the member is too large.
        """
        size = self.members[name]
        if size > MAX_MEMBER:
            raise StudyError(f"{self.path}: {name} has {size} bytes, more than {MAX_MEMBER}")
        try:
            data = self._read(name)
        except (tarfile.TarError, *_ZIP_ERRORS) as error:
            raise _damaged(self.path, error) from None
        if len(data) != size:
            raise _damaged(self.path, f"{name} is cut short")
        return data


_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_archive(path: Path) -> Generator[Archive, None, None]:
    """Open an archive, whatever its name, and check the name and kind of every member.

    Raises:
        StudyError: no archive, damaged, a bomb, or with members that point outside, links or
            devices, which an archive of images has no use for.
    """
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        magic = file.read(len(_GZIP_MAGIC))
        file.seek(0)
        if zipfile.is_zipfile(path) and magic == b"PK":
            yield _open_zip(path, stack)
            return
        if magic == _GZIP_MAGIC:
            # Members are wanted in the order of their names, which in a gzip would mean to
            # unpack it from the start again and again: unpack once, to a file without a name.
            file = stack.enter_context(_unpacked(path))
        yield _open_tar(path, file, stack)


def _open_zip(path: Path, stack: ExitStack) -> Archive:
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except _ZIP_ERRORS as error:
        raise _damaged(path, error) from None
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        _check_name(path, member.filename)
        kind = member.external_attr >> 16 & 0o170000
        if kind not in (0, 0o100000, 0o040000):
            raise _refused(path, member.filename, "is a link or a device")
        if member.flag_bits & 1:
            raise _refused(path, member.filename, "is encrypted")
        if not member.is_dir():
            members[member.filename] = member
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _bound(path):
        raise _bomb(path)
    sizes = {name: member.file_size for name, member in members.items()}
    return Archive(path, sizes, lambda name: archive.read(members[name]))


def _open_tar(path: Path, file: IO[bytes], stack: ExitStack) -> Archive:
    try:
        archive = stack.enter_context(tarfile.TarFile(fileobj=file))
        listed = archive.getmembers()
        # tarfile takes a damaged or cut header for the end of the archive; the true end is zeros.
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise _damaged(path, "its end is missing")
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise StudyError(
            f"{path}: not a whole tar, tar.gz or zip archive ({' '.join(str(error).split())}); "
            "fetch it anew"
        ) from None
    members: dict[str, tarfile.TarInfo] = {}
    for member in listed:
        _check_name(path, member.name)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise _refused(path, member.name, "is a link, a device or a sparse file")
        members[member.name] = member

    def read(name: str) -> bytes:
        stream = archive.extractfile(members[name])  # by its name, tarfile would search for it
        return stream.read() if stream else b""

    return Archive(path, {name: member.size for name, member in members.items()}, read)


@contextmanager
def _unpacked(path: Path) -> Generator[IO[bytes], None, None]:
    bound = _bound(path)
    with tempfile.TemporaryFile() as target:
        try:
            with about(Path(tempfile.gettempdir())), gzip.open(path) as source:
                while chunk := source.read(1 << 20):
                    if target.tell() > bound:
                        raise _bomb(path)
                    target.write(chunk)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise _damaged(path, error) from None
        target.seek(0)
        yield target


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name.partition("/")[0]:
        raise _refused(path, name, "points outside the archive")


def _bound(path: Path) -> int:
    return path.stat().st_size * MAX_RATIO + SLACK


def _refused(path: Path, name: str, why: str) -> StudyError:
    return StudyError(f"{path}: refused, for {name!r} {why}; use an archive that can be trusted")


def _bomb(path: Path) -> StudyError:
    return StudyError(
        f"{path}: refused, for it unpacks to more than {MAX_RATIO} times its size; "
        "use an archive that can be trusted"
    )


def _damaged(path: Path, why: object) -> StudyError:
    return StudyError(f"{path}: damaged ({' '.join(str(why).split())}); fetch it anew")
