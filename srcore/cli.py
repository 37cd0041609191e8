"""The command `srcore`: what the study made, for use beyond the study."""

# Whatever takes time to load is imported by the command that needs it: `srcore --help` is quick.
# ruff: noqa: PLC0415

import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from srcore.common.errors import StudyError
from srcore.common.stage import NO_MEMORY, main

app = typer.Typer(
    help="Super-resolution networks of the study, for your own images.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


TERMINATED = 128 + signal.SIGTERM
"""Exit code of a process that was asked to end, as shells have it."""
EXPORT = ("jinja2", "onnx", "onnxruntime", "onnxscript")
"""Packages of the extra `export`; all others that a command may lack are of `study`."""
DEMO = ("fastapi", "gradio", "uvicorn")
"""Packages of the extra `demo`."""


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


def _open_stderr() -> None:
    """Open a stderr that was closed (2>&-), or the next file to be opened would be stderr."""
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != 2:
            os.dup2(nowhere, 2)
            os.close(nowhere)
        sys.stderr = os.fdopen(2, "w")


def _end(*_: object) -> None:
    sys.exit(TERMINATED)


def _run(command: Callable[[], None]) -> None:
    """Run a command; a package that is missing is one line that says where it comes from."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # which would leave a half-written file
        signal.signal(signal.SIGTERM, _end)
    try:
        main(command)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "srcore"):
            raise
        extra = "export" if package in EXPORT else "demo" if package in DEMO else "study"
        # Gradio asks for an older Pillow than the constraints name.
        pinned = "" if extra == "demo" else "-c constraints.txt -e "
        where = ", in an environment of its own" if extra == "demo" else ""
        sys.exit(
            f"error: {package} is not installed; it comes with the extra `{extra}`: in the "
            f'project\'s folder{where}, pip install {pinned}".[{extra}]"'
        )


Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|pretrained|random",
        help="Weights of frozen VGG16 or CLIP.",
        show_default="what the checkpoint names",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]


@app.callback()
def _several_commands() -> None:  # pyright: ignore[reportUnusedFunction]
    """Super-resolution networks of the study, for your own images."""


@app.command()
def upscale(  # noqa: PLR0917  # typer reads it
    images: Annotated[list[str], typer.Argument(help="Images, or folders of images.")],
    scale: Annotated[
        float | None,
        typer.Option(help="Enlarge both sides so many times, 1 to 4.", show_default="4"),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="WIDTHxHEIGHT", help="Width and height to make, in pixels."),
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Keep the shape, and stay within --size.")
    ] = False,
    max_side: Annotated[
        int | None, typer.Option(min=1, help="Pixels of the longer side to make.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A trained network of the study.", show_default="the package's own"),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="File or folder to write.",
            show_default="beside, as photo.x4.jpg",
        ),
    ] = None,
    overwrite: Overwrite = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out images whose files are there.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Draw a before and after sheet beside the output.")
    ] = False,
    tile: Annotated[
        int | None,
        typer.Option(min=16, help="Side of a tile in pixels: less for less memory."),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
    weights: Weights = None,
    ensemble: Annotated[
        bool,
        typer.Option(
            "--ensemble",
            help="Average over all 8 rotations and reflections; 8 times the time.",
        ),
    ] = False,
) -> None:
    """Enlarge images with a trained network."""
    _open_stderr()

    def run() -> None:
        from srcore.upscale import command
        from srcore.upscale.size import size_from_options

        options = command.Options(
            size=size_from_options(scale, size, fit, max_side),
            checkpoint=checkpoint,
            out=out,
            overwrite=overwrite,
            skip_existing=skip_existing,
            compare=compare,
            tile=tile or command.TILE,
            device=device.value,
            weights=weights,
            ensemble=ensemble,
        )
        command.upscale(images, options, command.to_stderr)

    _run(run)


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="A trained network of the study.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write.", show_default="the checkpoint's name, here"),
    ] = None,
    weights: Weights = None,
    study: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the study that judged this very checkpoint.", show_default="this folder"
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a network as ONNX for images of any size, checked against torch, with a card."""

    def run() -> None:
        from srcore.export import command

        try:
            command.export(checkpoint, out, weights=weights, overwrite=overwrite, study=study)
        except (MemoryError, RuntimeError) as error:  # torch has the second for both
            if not isinstance(error, MemoryError) and not NO_MEMORY.search(str(error)):
                raise
            said = "not enough memory to export; close other programs, or use a larger machine"
            raise StudyError(said) from None

    _run(run)


@app.command()
def demo(
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A further network to offer; once or more.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 7860,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
) -> None:
    """Open a local page on which to drop an image."""
    _open_stderr()

    def run() -> None:
        from srcore.demo.serve import serve

        serve(checkpoint or [], host, port, device.value)

    _run(run)
