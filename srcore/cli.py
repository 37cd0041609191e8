"""The command `srcore`: what the study made, for use beyond the study."""

# Whatever takes time to load is imported by the command that needs it: `srcore --help` is quick.
# ruff: noqa: PLC0415

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from srcore.common.stage import main

app = typer.Typer(
    help="Super-resolution networks of the study, for your own images.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Scale(StrEnum):
    """How much images are enlarged."""

    TWO = "2"
    FOUR = "4"


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


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
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    scale: Annotated[Scale, typer.Option(help="Enlarge both sides so many times.")] = Scale.FOUR,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A trained network of the study.", show_default="the package's own"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File or folder to write.", show_default="beside, as photo.x4.jpg"),
    ] = None,
    overwrite: Overwrite = False,
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
        typer.Option("--ensemble", help="Average eight turned runs, in 8 times the time."),
    ] = False,
) -> None:
    """Enlarge images with a trained network."""

    def run() -> None:
        from srcore.upscale import command

        options = command.Options(
            scale=int(scale),
            checkpoint=checkpoint,
            out=out,
            overwrite=overwrite,
            compare=compare,
            tile=tile or command.TILE,
            device=device.value,
            weights=weights,
            ensemble=ensemble,
        )
        command.upscale(images, options, command.to_stderr)

    main(run)


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

        command.export(checkpoint, out, weights=weights, overwrite=overwrite, study=study)

    main(run)
