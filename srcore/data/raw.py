"""The images as they came, packed in one archive, with a table of what they are."""

import statistics
import struct
import zipfile
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType

import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.files import write_json
from srcore.common.reading import NotAFileError, open_regular
from srcore.common.tables import Columns, again, read_table, write_table

ARCHIVE, MANIFEST, REJECTED, METRICS = (
    "images.zip",
    "manifest.csv",
    "rejected.csv",
    "metrics.json",
)
COLUMNS: Columns = {"name": str, "group": str, "width": str, "height": str, "labels": str}
_DAMAGED = (
    NotAFileError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    struct.error,
)
"""What zipfile raises of a damaged archive, besides its own errors."""


@dataclass(frozen=True)
class Entry:
    """One line of the manifest; width and height of the upright image, in pixels."""

    name: str
    group: str
    width: int
    height: int
    labels: tuple[str, ...]


@dataclass
class RawWriter:
    """Writes the folder of raw images; the same images always give the same bytes."""

    folder: Path
    entries: list[Entry] = field(default_factory=list[Entry])
    rejected: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __enter__(self) -> "RawWriter":
        self._zip = zipfile.ZipFile(self.folder / ARCHIVE, "w", zipfile.ZIP_STORED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an error nothing of the archive is kept; a second error would hide the first.
        with suppress(OSError, ValueError) if error else nullcontext():
            self._zip.close()

    def add(self, entry: Entry, data: bytes) -> None:
        """Append an image file."""
        # Members are numbered: any name will do then, and two that differ by case are two files.
        extension = PurePosixPath(entry.name).suffix.lower()
        extension = (
            extension
            if extension[1:].isalnum() and extension.isascii() and len(extension) < 6
            else ""
        )
        member = zipfile.ZipInfo(f"{len(self.entries):06d}{extension}", (1980, 1, 1, 0, 0, 0))
        member.create_system = 3  # else it would tell the operating system
        member.external_attr = 0o644 << 16
        self._zip.writestr(member, data)
        self.entries.append(entry)

    def finish(self, source: str, groups: Sequence[str], small: int) -> None:
        """Write the tables, with `groups` in place of the entries' own, and the metrics."""
        rows = [
            (entry.name, group, entry.width, entry.height, ";".join(entry.labels))
            for entry, group in zip(self.entries, groups, strict=True)
        ]
        write_table(self.folder / MANIFEST, pd.DataFrame(rows, columns=list(COLUMNS)))
        write_table(self.folder / REJECTED, pd.DataFrame(self.rejected, columns=["name", "reason"]))
        metrics = {
            "source": source,
            "images": len(self.entries),
            "groups": len(set(groups)),
            "rejected": len(self.rejected),
            "small": small,
            "width": _spread([entry.width for entry in self.entries]),
            "height": _spread([entry.height for entry in self.entries]),
        }
        write_json(self.folder / METRICS, metrics)


class RawReader:
    """Reads the folder of raw images; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Open the folder.

        Raises:
            StudyError: a file is missing or damaged, or the two do not fit.
        """
        self._again = again(folder)
        self._path = folder / ARCHIVE
        table = read_table(folder / MANIFEST, COLUMNS, self._again)
        try:
            with open_regular(self._path):  # zipfile would wait for a pipe
                pass
            self._zip = zipfile.ZipFile(self._path)
            self.entries = [
                Entry(name, group, int(width), int(height), tuple(filter(None, labels.split(";"))))
                for name, group, width, height, labels in table.itertuples(index=False)
            ]
        except FileNotFoundError:
            raise StudyError(f"{self._path}: missing; {self._again}") from None
        except (zipfile.BadZipFile, *_DAMAGED) as error:
            raise StudyError(f"{folder}: damaged ({error}); {self._again}") from None
        self._members = self._zip.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in self._members):
            raise StudyError(f"{self._path}: damaged (a packed member); {self._again}")
        if len(self._members) != len(self.entries):
            raise StudyError(
                f"{folder}: {len(self._members)} images in {ARCHIVE}, {len(self.entries)} in "
                f"{MANIFEST}; {self._again}"
            )

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, index: int) -> bytes:
        """Give the bytes of the image file of `entries[index]`.

        Raises:
            StudyError: the archive is damaged there.
        """
        try:
            return self._zip.read(self._members[index])
        except (zipfile.BadZipFile, EOFError, *_DAMAGED) as error:
            raise StudyError(f"{self._path}: damaged ({error}); {self._again}") from None

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()

    def __enter__(self) -> "RawReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _spread(values: Sequence[int]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}
