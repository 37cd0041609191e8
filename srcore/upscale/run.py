"""The whole command: read each picture, enlarge it, write it, say what happened."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from srcore.data.pictures import PictureError
from srcore.data.source import printable
from srcore.device import pick_device
from srcore.errors import StudyError
from srcore.inference import Network
from srcore.network import load_network
from srcore.progress import progress
from srcore.stage import NO_MEMORY
from srcore.upscale.enlarge import enlarge, output_of
from srcore.upscale.plan import Job, Plan, plan
from srcore.upscale.read import read
from srcore.upscale.tiles import TILE
from srcore.upscale.write import save

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


def upscale(inputs: list[Path], options: Options, say: Say) -> None:
    """Enlarge pictures and folders of pictures.

    Args:
        inputs: files and folders.
        options: how.
        say: told what happened, a line at a time.

    Raises:
        StudyError: something was refused before anything was computed, or a picture turned out
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
    output_of(network, options.scale)
    for path, why in todo.skipped:
        say(printable(f"{path}: skipped, {why}"))
    failed = _enlarge_all(todo, network, options, device, say)
    counts = [f"{len(todo.jobs) - failed} enlarged ×{options.scale} by {network.label}"]
    counts += [f"{len(todo.skipped)} skipped"] if todo.skipped else []
    say(", ".join(counts))
    if failed:
        raise StudyError(f"{failed} of {len(todo.jobs)} pictures could not be read, see above")


def _enlarge_all(
    todo: Plan, network: Network, options: Options, device: torch.device, say: Say
) -> int:
    """Enlarge every picture; gives how many could not be."""
    failed = 0
    for count, job in enumerate(todo.jobs, 1):
        for note in job.notes:
            say(printable(f"{job.source}: {note}"))
        try:
            _enlarge_one(job, f"{count}/{len(todo.jobs)}", network, options, device)
        except PictureError as error:
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
        picture = read(job.source)
        made = enlarge(network, picture, options.scale, device, tile=options.tile, watch=watch)
        save(made, job.target, job.kind)
        if options.compare:
            from srcore.upscale.sheet import draw_sheet  # noqa: PLC0415  matplotlib takes a second

            draw_sheet(picture, made, options.scale, network, name=job.source.name, path=job.sheet)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not NO_MEMORY.search(str(error)):
            raise
        raise StudyError(
            f"{job.source}: not enough memory; give a smaller --tile (now {options.tile}), or a "
            "smaller picture"
        ) from None


def to_stderr(line: str) -> None:
    """Say a line beside the progress bars."""
    sys.stderr.write(f"{line}\n")
