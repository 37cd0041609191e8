"""The whole command: read each image, enlarge it, write it, say what happened."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from srcore.common.errors import StudyError, reason
from srcore.common.progress import progress
from srcore.common.stage import NO_MEMORY
from srcore.common.text import printable
from srcore.images.error import ImageError
from srcore.images.formats.table import FORMATS
from srcore.images.raster import raster_of
from srcore.images.read import read
from srcore.images.write import save
from srcore.inference.load import load_network
from srcore.inference.network import AVERAGED, Network
from srcore.inference.tiles import TILE
from srcore.models.scales import OUTPUTS
from srcore.upscale.device import device_of
from srcore.upscale.enlarge import enlarge_rows, output_for
from srcore.upscale.plan import Job, Plan, plan
from srcore.upscale.size import Size

SHEET = "srcore.upscale.sheet"
"""Imported when asked for: matplotlib takes a second, and comes with the extra `study`."""
Say = Callable[[str], None]
TILE_BYTES = 5 << 27
"""Most memory of a tile where `TILE` pixels per side were asked for, rounded up."""


@dataclass(frozen=True)
class Options:
    """The options of the command, see `srcore upscale --help`."""

    size: Size = field(default_factory=Size)
    checkpoint: Path | None = None
    out: str | Path | None = None
    overwrite: bool = False
    skip_existing: bool = False
    compare: bool = False
    tile: int = TILE
    device: str = "auto"
    weights: str | None = None
    ensemble: bool = False


def upscale(inputs: Sequence[str | Path], options: Options, say: Say) -> None:
    """Enlarge images and folders of images.

    Args:
        inputs: files and folders.
        options: how.
        say: called with what happened, a line at a time.

    Raises:
        StudyError: something was refused before anything was computed, or an image could not be
            enlarged; the others are all the same.
    """
    size = options.size
    if options.compare and (size.box or size.longest or size.scale not in OUTPUTS.values()):
        raise StudyError("--compare: details are drawn at --scale 2 or 4 alone; leave it out")
    if options.compare:
        import_module(SHEET)  # what it lacks is said before anything is computed
    if "" in inputs:  # as a path, the current folder
        raise StudyError("an image is named by an empty text; name a file or a folder")
    if options.out == "":  # an unset variable of a shell, say
        raise StudyError("--out: is an empty text; name a file or a folder, or leave it out")
    todo = plan(
        [Path(given) for given in inputs],
        None if options.out is None else Path(options.out),
        size,
        overwrite=options.overwrite,
        skip_existing=options.skip_existing,
        sheets=options.compare,
    )
    device = device_of(options.device)
    network = load_network(options.checkpoint, options.weights, device)
    network = replace(network, ensemble=options.ensemble)
    if size.box is None and size.longest is None and size.scale > 1:
        output_for(network, size.scale)
    todo = _possible(todo, network, size)
    failed = list(todo.failed)
    alone = len(todo.jobs) + len(failed) == 1 and not todo.skipped and not todo.there
    for path, why in todo.skipped:
        say(printable(f"{path}: skipped, {why}"))
    for path, why in failed if not alone else ():
        say(printable(f"{path}: {why}"))
    for job, why in _enlarge_all(todo, network, options, device, say):
        failed.append((job.source, why))
        if not alone:
            say(printable(f"{job.source}: {why}"))
    if alone and failed:
        raise StudyError("{}: {}".format(*failed[0]))
    total = len(todo.jobs) + len(todo.failed)
    done, described = total - len(failed), _described(size)
    uses_network = any(job.factor > 1 for job in todo.jobs)
    by_network = f"{done} enlarged {described} by {_called(network)}"
    counts = [by_network if uses_network else f"{done} written {described}"]
    counts += [f"{len(todo.there)} there already"] if todo.there else []
    counts += [f"{len(todo.skipped)} skipped"] if todo.skipped else []
    say(", ".join(counts))
    if failed:
        raise StudyError(f"{len(failed)} of {total} images could not be enlarged, see above")


def _possible(todo: Plan, network: Network, size: Size) -> Plan:
    """The plan, with images that would be enlarged more than the network does among the failed."""
    jobs, failed = list[Job](), list(todo.failed)
    for job in todo.jobs:
        try:
            if job.factor > 1:
                output_for(network, job.factor, f"less than {size.option}")
        except StudyError as error:
            failed.append((job.source, f"{size.option}: {error}"))
        else:
            jobs.append(job)
    return replace(todo, jobs=jobs, failed=failed)


def _called(network: Network) -> str:
    """Its name and what changes its answers: the precision of its training is for the study."""
    notes = [AVERAGED] if network.ensemble else []
    notes += [network.card.weights] if network.card.weights else []
    return f"{network.method} ({'; '.join(notes)})" if notes else network.method


def _described(size: Size) -> str:
    if size.box is not None or size.longest is not None:
        return f"to {size.label}"
    return f"×{size.scale:g}"


def _enlarge_all(
    todo: Plan, network: Network, options: Options, device: torch.device, say: Say
) -> Iterator[tuple[Job, str]]:
    """Enlarge every image; yields those that could not be, and why."""
    for count, job in enumerate(todo.jobs, 1):
        for note in job.notes:
            say(printable(f"{job.source}: {note}"))
        try:
            made = _enlarge_one(job, f"{count}/{len(todo.jobs)}", network, options, device)
        except (ImageError, StudyError) as error:
            yield job, str(error)
        except Exception as error:  # noqa: BLE001  # whatever one image does, the next is enlarged
            yield job, _why(error, job, options.tile)
        else:
            say(printable(f"{job.source} → {made}"))


def _why(error: Exception, job: Job, tile: int) -> str:
    """What went wrong, and what helps."""
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        (width, height), by_rows = job.size, FORMATS[job.kind].by_rows
        if tile * tile * TILE_BYTES > (1 if by_rows else 4) * width * height * TILE**2:
            return f"not enough memory; give a smaller --tile (now {tile}), or a smaller image"
        other = "" if by_rows else ", or an --out that ends in .png or .tif: these are made by rows"
        made = f"not enough memory for {width} × {height} pixels"
        return f"{made}; give a smaller image or --scale{other}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename or job.target})"
    return f"cannot be enlarged: {type(error).__name__}: {reason(error)}"


def _enlarge_one(
    job: Job, place: str, network: Network, options: Options, device: torch.device
) -> Path:
    """Write the image and, if it is asked for, its sheet; gives the file that was made."""

    def watch(
        tiles: Iterable[tuple[slice, slice, Tensor]], total: int
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        return progress(tiles, f"{place} {printable(job.source.name)}", total, "tile")

    image = read(job.source)
    rows = enlarge_rows(network, image, job.size, device, tile=options.tile, watch=watch)
    if not options.compare:
        save(rows, job.target, job.kind, overwrite=options.overwrite)
        return job.target
    made = raster_of(rows)
    # With --skip-existing one of the two may be there, and stays.
    is_there = options.skip_existing and job.target.exists()
    if not is_there:
        save(made, job.target, job.kind, overwrite=options.overwrite)
    if options.overwrite or not job.sheet.exists():
        draw_sheet = import_module(SHEET).draw_sheet
        scale = int(options.size.scale)
        draw_sheet(image, made, scale, network, name=job.source.name, path=job.sheet)
    return job.sheet if is_there else job.target


def to_stderr(line: str) -> None:
    """Say a line beside the progress bars; that nobody listens changes nothing."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
