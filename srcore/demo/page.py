"""The page: what stands on it, and what happens when its buttons are pressed."""

# The linter runs without the extra `demo`, whose Gradio asks for an older Pillow (pyproject.toml).
# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

import tempfile
import threading
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from srcore.common.errors import StudyError
from srcore.common.stage import NO_MEMORY
from srcore.common.text import printable
from srcore.demo.choices import SHIPPED, samples
from srcore.demo.work import MOST, Made, enlarge_file
from srcore.inference.load import load_network
from srcore.inference.network import Network
from srcore.upscale.device import device_of

ABOUT = (
    "# Enlarge an image\nSee what a network makes of your own image, beside bicubic interpolation. "
    f"Nothing leaves this machine. At most {MOST / 1e6:.0f} megapixels are made. One image is "
    "enlarged at a time, and others wait their turn."
)


CHECKED, OLD = 600, 3600
"""Seconds between two looks for old files, and after which a file is old and removed."""


class _Stopped(Exception):  # noqa: N818  # no mistake
    """The work is no longer wanted."""


class Work:
    """The work of all tabs.

    Args:
        networks: name on the page → checkpoint, None for the package's own.
        device: where to compute.
        folder: where outcomes are written.
    """

    def __init__(self, networks: dict[str, Path | None], device: str, folder: Path) -> None:
        self._networks, self._folder = networks, folder
        self._device = device_of(device)
        self._stops: dict[str, threading.Event] = {}
        self._load = cache(self._loaded)
        self._load(SHIPPED)

    def _loaded(self, name: str) -> Network:
        return load_network(self._networks[name], None, self._device)

    def enter(self, request: gr.Request) -> None:
        """Begin to listen for a stop, before the turn of the work: it may wait for others."""
        event = self._stops.get(str(request.session_hash))
        if event is None or event.is_set():
            self._stops[str(request.session_hash)] = threading.Event()

    def stop(self, request: gr.Request) -> None:
        """End the work of one tab, waiting or not: its button was pressed, or it was closed."""
        if event := self._stops.get(str(request.session_hash)):
            event.set()

    def stop_all(self) -> None:
        """End the work of every tab."""
        for event in [*self._stops.values()]:
            event.set()

    def run(  # noqa: PLR0917  # Gradio calls it by position
        self,
        image: str | None,
        name: str,
        scale: int,
        ensemble: bool,
        shrink: bool,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # Gradio finds it by its default
    ) -> tuple[Any, str, Any]:
        """Enlarge; gives both images for the slider, a text, and the file to download.

        Raises:
            gr.Error: with the line that the command would end with.
        """
        if image is None:
            raise gr.Error("drop an image first, or pick one below", print_exception=False)
        session = str(request.session_hash)
        event = self._stops.setdefault(session, threading.Event())

        def go_on() -> None:
            if event.is_set():
                raise _Stopped

        def on_tile(done: int, total: int) -> None:
            progress((done, total), desc="tile", unit="tiles")
            go_on()

        try:
            go_on()
            network = replace(self._load(name), ensemble=ensemble)
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            made = enlarge_file(Path(image), folder, network, scale, shrink=shrink, on_tile=on_tile)
        except _Stopped:
            raise gr.Error("stopped", title="Stopped", print_exception=False) from None
        except Exception as error:
            raise gr.Error(_line(error), print_exception=False) from error
        finally:
            self._stops.pop(session, None)
        return (made.bicubic, made.network), _text(made), gr.update(value=made.path)


def _line(error: Exception) -> str:
    """One line, as on the command line; a bug stays a bug."""
    if isinstance(error, StudyError):
        return printable(str(error))
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        return "not enough memory; give a smaller image or scale"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f'{error.name} is not installed; pip install ".[study]" in the project\'s folder'
    raise error


def _text(made: Made) -> str:
    height, width = made.network.shape[:2]
    lines = [f"{width} × {height} pixels in {made.seconds:.1f} s", *made.figures, *made.notes]
    return "\n".join(printable(line) for line in lines)


def page(work: Work, names: list[str]) -> gr.Blocks:
    """The page with everything on it."""
    with gr.Blocks(title="srcore", analytics_enabled=False, delete_cache=(CHECKED, OLD)) as blocks:
        gr.Markdown(ABOUT)
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                image = gr.Image(type="filepath", sources=["upload", "clipboard"], label="Image")
                # The file as it came: Gradio would encode it again, and drop what it holds besides.
                image.preprocess = lambda payload: payload.path if payload else None
                network = gr.Dropdown(names, value=names[0], label="Network")
                scale = gr.Radio([2, 4], value=4, label="Scale")
                ensemble = gr.Checkbox(
                    label="Test-time augmentation: "
                    "average eight rotations and reflections (8 × the time)"
                )
                shrink = gr.Checkbox(
                    label="Shrink first, and compare with the original (PSNR, SSIM)"
                )
                start = gr.Button("Enlarge", variant="primary", elem_id="start")
                cancel = gr.Button("Cancel", elem_id="cancel")
            with gr.Column(scale=2, min_width=280):
                slider = gr.ImageSlider(
                    label="Left: bicubic. Right: the network",
                    format="png",
                    interactive=False,
                    elem_id="slider",
                )
                outcome = gr.Textbox(label="Result", lines=2, interactive=False, elem_id="outcome")
                download = gr.DownloadButton("Download", elem_id="download")
        if found := samples():
            gr.Examples(found, image, label="Or one of these", cache_examples=False)
        start.click(work.enter, queue=False).then(
            work.run,
            [image, network, scale, ensemble, shrink],
            [slider, outcome, download],
            concurrency_limit=1,
            api_name="enlarge",
        )
        cancel.click(work.stop, queue=False)
        blocks.unload(work.stop)
    return blocks.queue(default_concurrency_limit=1, max_size=8)
