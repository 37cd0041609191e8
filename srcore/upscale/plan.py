"""Which file becomes which: decided, and refused, before anything is computed."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.images.error import ImageError
from srcore.images.read import Header, look
from srcore.images.write import KINDS, kind_of_ending, lacking

OTHERWISE = "PNG"
"""The format of what its own cannot hold."""


@dataclass(frozen=True)
class Job:
    """One image to enlarge.

    Attributes:
        source: its file.
        target: the file to write.
        kind: the format to write, as Pillow calls it.
        notes: what will not come out as it goes in.
    """

    source: Path
    target: Path
    kind: str
    notes: tuple[str, ...]

    @property
    def sheet(self) -> Path:
        """The file of the before and after sheet."""
        return self.target.with_name(f"{self.target.stem}.compare.png")


@dataclass(frozen=True)
class Plan:
    """What there is to do.

    Attributes:
        jobs: images to enlarge.
        skipped: files of folders that are no images, and why.
    """

    jobs: list[Job]
    skipped: list[tuple[Path, str]]


def plan(
    inputs: Sequence[Path], out: Path | None, scale: int, *, overwrite: bool, sheets: bool
) -> Plan:
    """Find the images and name what becomes of them.

    `photo.jpg` becomes `photo.x4.jpg` beside it, or in the folder `out`, or the file `out`. A
    folder `photos` becomes the folder `out`, or `photos.x4` beside it, with the same sub-folders.

    Args:
        inputs: files and folders.
        out: a file, when it ends as an image does and there is one input file; else a folder.
        scale: 2 or 4.
        overwrite: whether files that are there may be replaced.
        sheets: whether each image gets a before and after sheet.

    Raises:
        StudyError: an input is missing or no image, an output is there already or would be
            written twice, or a format cannot hold what it is asked to.
        OSError: a folder or file cannot be read.
    """
    jobs: list[Job] = []
    skipped: list[tuple[Path, str]] = []
    named = out if out and _is_file_name(out, inputs) else None
    for given in inputs:
        if not given.exists():
            raise StudyError(f"{given}: no such file or folder")
        if not given.is_dir():
            try:
                jobs.append(_job(given, named, out or given.parent, scale))
            except ImageError as error:
                raise StudyError(f"{given}: {error}") from None
            continue
        top = out or given.resolve().with_name(f"{given.resolve().name}.x{scale}")
        for source in sorted(_below(given, top)):
            try:
                folder = top / source.relative_to(given).parent
                jobs.append(_job(source, None, folder, scale))
            except ImageError as error:
                skipped.append((source, str(error)))
            except OSError as error:
                skipped.append((source, f"cannot be read ({error.strerror})"))
    _refuse(jobs, inputs, overwrite=overwrite, sheets=sheets)
    return Plan(jobs, skipped)


def _is_file_name(out: Path, inputs: Sequence[Path]) -> bool:
    if out.is_dir():
        return False
    several = len(inputs) > 1 or inputs[0].is_dir()
    if several and kind_of_ending(out) is not None:
        raise StudyError(f"--out {out}: is one file for several images; name a folder")
    if not out.suffix or (several and not out.exists()):
        if out.exists():
            raise StudyError(f"--out {out}: is a file, and a folder is needed; name a folder")
        return False
    if several:
        raise StudyError(f"--out {out}: is one file for several images; name a folder")
    if kind_of_ending(out) is None:
        known = " ".join(kind.endings[0] for kind in KINDS.values())
        raise StudyError(
            f"--out {out}: not a kind of image that is written ({known}); a folder must be there"
        )
    return True


def _job(source: Path, named: Path | None, folder: Path, scale: int) -> Job:
    head = look(source)
    own = head.kind if head.kind in KINDS else OTHERWISE
    if named is not None:
        kind = str(kind_of_ending(named))
        if missing := _lacking(kind, head, scale):
            raise StudyError(f"--out {named}: {kind} cannot hold {missing}; name a .png")
        return Job(source, named, kind, head.notes)
    missing = _lacking(own, head, scale)
    kind = OTHERWISE if missing else own
    notes = [*head.notes, *([f"written as PNG: {own} cannot hold {missing}"] if missing else [])]
    keeps = source.suffix.lower() in KINDS[kind].endings
    ending = source.suffix if keeps else KINDS[kind].endings[0]
    return Job(source, folder / f"{source.stem}.x{scale}{ending}", kind, tuple(notes))


def _lacking(kind: str, head: Header, scale: int) -> str | None:
    width, height = (scale * side for side in head.size)
    return lacking(kind, (width, height), alpha=head.alpha, wide=head.wide, grey=head.grey)


def _below(folder: Path, out: Path) -> Iterator[Path]:
    """All files of a folder but for hidden ones and those of the folder `out`."""

    def unreadable(error: OSError) -> None:
        raise error

    apart = out.resolve()
    if apart == folder.resolve():
        raise StudyError(f"--out {out}: is the folder of the images; name another, or none")
    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and Path(place, name).resolve() != apart
        ]
        paths = (Path(place, name) for name in files if not name.startswith("."))
        yield from (path for path in paths if path.is_file() or path.is_symlink())


def _refuse(jobs: list[Job], inputs: Sequence[Path], *, overwrite: bool, sheets: bool) -> None:
    if not jobs:
        raise StudyError(f"{', '.join(map(str, inputs))}: holds no image")
    taken: dict[str, Path] = {}
    sources = {job.source.resolve() for job in jobs}
    for job in jobs:
        for target in (job.target, job.sheet) if sheets else (job.target,):
            place = target.resolve()
            name = str(place).casefold()  # many a disk takes A.jpg and a.jpg for one
            if name in taken:
                raise StudyError(
                    f"{taken[name]} and {job.source} would both become {target}; "
                    "enlarge them one at a time, with --out FILE"
                )
            if place in sources:
                raise StudyError(f"{target}: is one of the images to enlarge; name another --out")
            if target.is_dir():
                raise StudyError(f"{target}: is a folder; name another --out")
            if target.exists() and not overwrite:
                raise StudyError(f"{target}: is there already; --overwrite replaces it")
            taken[name] = job.source
