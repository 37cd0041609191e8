"""The whole command: read each image, enlarge it, write it, say what happened."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from srcore.common.device import pick_device
from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.common.stage import NO_MEMORY
from srcore.common.text import printable
from srcore.images.decode import ImageError
from srcore.images.read import read
from srcore.images.write import save
from srcore.inference.load import load_network
from srcore.inference.network import Network
from srcore.inference.tiles import TILE
from srcore.upscale.enlarge import enlarge, output_of
from srcore.upscale.plan import Job, Plan, plan

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the command was told, see `srcore upscale --help`."""

    scale: int = 4
    checkpoint: Path | None = None
    out: Path | None = None
    overwrite: bool = False
    compare: bool = False
    tile: int = TILE
    device: str = "auto"
    weights: str | None = None
    ensemble: bool = False


def upscale(inputs: list[Path], options: Options, say: Say) -> None:
    """Enlarge images and folders of images.

    Args:
        inputs: files and folders.
        options: how.
        say: told what happened, a line at a time.

    Raises:
        StudyError: something was refused before anything was computed, or an image turned out
            to be damaged; the others are enlarged all the same.
    """
    todo = plan(
        inputs,
        options.out,
        options.scale,
        overwrite=options.overwrite,
        sheets=options.compare,
    )
    device = pick_device(options.device)
    network = load_network(options.checkpoint, options.weights, device)
    network = replace(network, ensemble=options.ensemble)
    output_of(network, options.scale)
    for path, why in todo.skipped:
        say(printable(f"{path}: skipped, {why}"))
    failed = _enlarge_all(todo, network, options, device, say)
    counts = [f"{len(todo.jobs) - failed} enlarged ×{options.scale} by {network.label}"]
    counts += [f"{len(todo.skipped)} skipped"] if todo.skipped else []
    say(", ".join(counts))
    if failed:
        raise StudyError(f"{failed} of {len(todo.jobs)} images could not be read, see above")


def _enlarge_all(
    todo: Plan, network: Network, options: Options, device: torch.device, say: Say
) -> int:
    """Enlarge every image; gives how many could not be."""
    failed = 0
    for count, job in enumerate(todo.jobs, 1):
        for note in job.notes:
            say(printable(f"{job.source}: {note}"))
        try:
            _enlarge_one(job, f"{count}/{len(todo.jobs)}", network, options, device)
        except ImageError as error:
            if len(todo.jobs) == 1 and not todo.skipped:
                raise StudyError(printable(f"{job.source}: {error}")) from None
            say(printable(f"{job.source}: {error}"))
            failed += 1
        else:
            say(printable(f"{job.source} → {job.target}"))
    return failed


def _enlarge_one(
    job: Job, place: str, network: Network, options: Options, device: torch.device
) -> None:
    def watch(
        tiles: Iterable[tuple[slice, slice, Tensor]], total: int
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        return progress(tiles, f"{place} {printable(job.source.name)}", total, "tile")

    try:
        image = read(job.source)
        made = enlarge(network, image, options.scale, device, tile=options.tile, watch=watch)
        save(made, job.target, job.kind)
        if options.compare:
            from srcore.upscale.sheet import draw_sheet  # noqa: PLC0415  matplotlib takes a second

            draw_sheet(image, made, options.scale, network, name=job.source.name, path=job.sheet)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not NO_MEMORY.search(str(error)):
            raise
        raise StudyError(
            f"{job.source}: not enough memory; give a smaller --tile (now {options.tile}), or a "
            "smaller image"
        ) from None


def to_stderr(line: str) -> None:
    """Say a line beside the progress bars."""
    sys.stderr.write(f"{line}\n")
