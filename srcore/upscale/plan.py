"""Which file becomes which: decided, and refused, before anything is computed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from srcore.common.errors import StudyError, reason
from srcore.images.error import ImageError, NotAnImageError
from srcore.images.formats.table import FORMATS, format_of_extension
from srcore.images.read import Header, look
from srcore.images.write import lacking, losses
from srcore.upscale.folder import below, called_an_image, left_out, real_path
from srcore.upscale.names import is_output, sheet_of, target_of
from srcore.upscale.size import Size

OTHERWISE = "PNG"
"""The format of what its own cannot hold."""


@dataclass(frozen=True)
class Job:
    """One image to enlarge.

    Attributes:
        source: its file.
        target: the file to write.
        kind: the format to write, as Pillow calls it.
        size: width and height to make.
        factor: how much the side that grows most is enlarged.
        notes: what will not come out as it goes in.
    """

    source: Path
    target: Path
    kind: str
    size: tuple[int, int]
    factor: float
    notes: tuple[str, ...]

    @property
    def sheet(self) -> Path:
        """The file of the before and after sheet."""
        return sheet_of(self.target)


@dataclass(frozen=True)
class Plan:
    """What there is to do.

    Attributes:
        jobs: images to enlarge.
        skipped: files of folders that are no images, and why.
        failed: images that cannot be read or written, and why.
        there: jobs that are done, since their files are there.
    """

    jobs: list[Job] = field(default_factory=list[Job])
    skipped: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    failed: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    there: list[Job] = field(default_factory=list[Job])


def plan(
    inputs: Sequence[Path],
    out: Path | None,
    size: Size,
    *,
    overwrite: bool = False,
    skip_existing: bool = False,
    sheets: bool = False,
) -> Plan:
    """Find the images and name what becomes of them.

    `photo.jpg` becomes `photo.x4.jpg` beside it, or in the folder `out`, or the file `out`. A
    folder `photos` becomes the folder `out`, or `photos.x4` beside it, with the same sub-folders.
    Of one image that is named twice for one output, one is made.

    Args:
        inputs: files and folders.
        out: a file, when it ends as an image does and there is one input file; else a folder.
        size: how large.
        overwrite: whether files that are there may be replaced.
        skip_existing: whether images whose files are there are left out.
        sheets: whether each image gets a before and after sheet.

    Raises:
        StudyError: the command cannot be meant so: an output already exists, is one of the
            images or would be made of two, `out` holds images of its own, or there is no image.
        OSError: a folder cannot be read.
    """
    found = Plan()
    named = out if out and _is_file_name(out, inputs) else None
    for given in dict.fromkeys(inputs):
        try:
            is_folder = given.is_dir()
        except OSError as error:  # a name that is too long, or in a folder that may not be read
            found.failed.append((given, f"cannot be read ({error.strerror})"))
            continue
        if is_folder:
            top = out or _beside(given, size.label)
            for source in sorted(below(given, top)):
                _add(found, source, None, top / source.relative_to(given).parent, size)
            _refuse_left_out(given, top, size)
        elif not given.exists() and not given.is_symlink():
            found.failed.append((given, "no such file or folder"))
        else:
            _add(found, given, named, out or given.parent, size, asked=True)
    if not found.jobs and not found.failed:
        raise StudyError(
            f"{', '.join(map(str, inputs))}: holds no image; name an image, or a folder with some"
        )
    jobs = _once(found.jobs, sheets=sheets)
    _refuse(jobs, overwrite=overwrite or skip_existing, sheets=sheets)
    todo, there = list[Job](), list[Job]()
    for job in jobs:
        done = skip_existing and all(place.is_file() for place in _places(job, sheets=sheets))
        (there if done else todo).append(job)
    return Plan(todo, list(dict.fromkeys(found.skipped)), list(dict.fromkeys(found.failed)), there)


def _beside(folder: Path, label: str) -> Path:
    """The folder for what becomes of a folder, beside it.

    Raises:
        StudyError: it is the topmost one, which has no name and nothing beside it.
    """
    given = real_path(folder)
    if not given.name:
        raise StudyError(f"{folder}: is no folder of images to write beside; give --out FOLDER")
    return given.with_name(f"{given.name}.{label}")


def _refuse_left_out(folder: Path, out: Path, size: Size) -> None:
    """Refuse a folder `out` within the folder of images that holds images of its own.

    It is left out, so that what a run has made is not enlarged by the next; but an image that no
    run has made would be left out too, without a word.

    Raises:
        StudyError: it holds one.
    """
    others = Plan()
    for path in sorted(left_out(folder, out)):
        if not is_output(path.name, size.label):
            _add(others, path, None, out, size)
    for path in (*(job.source for job in others.jobs), *(path for path, _ in others.failed)):
        raise StudyError(
            f"--out {out}: lies in {folder}, so {path} would not be enlarged; name another "
            "--out, or move that image"
        )


def _add(
    found: Plan, source: Path, named: Path | None, folder: Path, size: Size, *, asked: bool = False
) -> None:
    """Note an image as a job, or why it is none."""
    try:
        found.jobs.append(_job(source, named, folder, size))
    except StudyError:
        raise
    except NotAnImageError as error:
        expected = asked or called_an_image(source)
        (found.failed if expected else found.skipped).append((source, str(error)))
    except ImageError as error:
        expected = asked or not source.is_dir()
        (found.failed if expected else found.skipped).append((source, str(error)))
    except OSError as error:
        found.failed.append((source, f"cannot be read ({error.strerror or reason(error)})"))
    except Exception as error:  # noqa: BLE001  # one image never stops the others
        found.failed.append((source, f"cannot be read ({reason(error)})"))


def _is_file_name(out: Path, inputs: Sequence[Path]) -> bool:
    if out.is_dir():
        return False
    several = len(inputs) > 1 or inputs[0].is_dir()
    if several and format_of_extension(out) is not None:
        raise StudyError(f"--out {out}: is one file for several images; name a folder")
    if not out.suffix or (several and not out.exists()):
        if out.exists():
            raise StudyError(f"--out {out}: is a file, and a folder is needed; name a folder")
        return False
    if several:
        raise StudyError(f"--out {out}: is one file for several images; name a folder")
    if format_of_extension(out) is None:
        known = " ".join(kind.extensions[0] for kind in FORMATS.values())
        raise StudyError(
            f"--out {out}: not a kind of image that is written ({known}), nor a folder that exists"
        )
    return True


def _job(source: Path, named: Path | None, folder: Path, size: Size) -> Job:
    head = look(source)
    new = size.of(head.size)
    own = head.kind if head.kind in FORMATS else OTHERWISE
    factor = max(after / before for after, before in zip(new, head.size, strict=True))
    holds = {"alpha": head.alpha, "wide": head.wide, "grey": head.grey}
    if named is not None:
        kind = str(format_of_extension(named))
        if missing := lacking(kind, new, **holds):
            raise StudyError(f"--out {named}: {kind} cannot hold {missing}; name a .png")
        return Job(source, named, kind, new, factor, _notes(head, kind, new))
    missing = lacking(own, new, **holds)
    kind = OTHERWISE if missing else own
    notes = [f"written as PNG: {own} cannot hold {missing}"] if missing else []
    target = target_of(source, folder, kind, size.label)
    return Job(source, target, kind, new, factor, (*_notes(head, kind, new), *notes))


def _notes(head: Header, kind: str, size: tuple[int, int]) -> tuple[str, ...]:
    notes = [*head.notes, *losses(kind, head.kept, grey=head.grey)]
    (width, height), (new_width, new_height) = head.size, size
    if size == head.size:
        notes.append(f"{width} × {height} pixels are as many already; the network is not used")
    elif max(new_width / width, new_height / height) <= 1:
        notes.append(f"{width} × {height} pixels are more already; shrunk without the network")
    if abs(new_width * height - new_height * width) > max(new_width, new_height, width, height):
        notes.append("stretched to another shape; --fit keeps it")
    return tuple(notes)


def _places(job: Job, *, sheets: bool) -> tuple[Path, ...]:
    """The files that it writes."""
    return (job.target, job.sheet) if sheets else (job.target,)


def _once(jobs: list[Job], *, sheets: bool) -> list[Job]:
    """The jobs, each once, though its image was named twice.

    Raises:
        StudyError: two images would become one file.
    """
    makers: dict[str, Job] = {}
    exact = _disks_with_case(real_path(job.source) for job in jobs)
    for job in jobs:
        for place in _places(job, sheets=sheets):
            whole = real_path(place)
            disk = next(folder for folder in whole.parents if folder.exists()).stat().st_dev
            # Many a disk takes A.jpg and a.jpg for one.
            name = str(whole) if disk in exact else str(whole).casefold()
            other = makers.setdefault(name, job)
            if real_path(other.source) != real_path(job.source):
                raise StudyError(
                    f"{place}: would be made of both {other.source} and {job.source}; enlarge "
                    "one of them alone, with another --out"
                )
    return list(dict.fromkeys(makers.values()))


def _disks_with_case(sources: Iterable[Path]) -> set[int]:
    """Disks that hold two of the images whose names differ in case alone."""
    twins: dict[str, set[Path]] = {}
    for source in sources:
        twins.setdefault(str(source).casefold(), set()).add(source)
    return {path.stat().st_dev for paths in twins.values() if len(paths) > 1 for path in paths}


def _refuse(jobs: list[Job], *, overwrite: bool, sheets: bool) -> None:
    sources = {real_path(job.source) for job in jobs}
    for job in jobs:
        for target in _places(job, sheets=sheets):
            if real_path(target) in sources:
                raise StudyError(f"{target}: is one of the images to enlarge; name another --out")
            if target.is_dir():
                raise StudyError(f"{target}: is a folder; name another --out")
            if (target.exists() or target.is_symlink()) and not overwrite:
                raise StudyError(
                    f"{target}: already exists; --overwrite replaces it, --skip-existing leaves it"
                )
