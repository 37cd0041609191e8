"""The server behind the page."""

# The linter runs without the extra `demo`, whose Gradio asks for an older Pillow (pyproject.toml).
# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

import logging
import socket
import threading
from pathlib import Path
from typing import NoReturn

import gradio as gr
import safehttpx
import uvicorn
from fastapi import FastAPI
from gradio import processing_utils

from srcore.common.errors import StudyError
from srcore.demo.choices import networks, samples
from srcore.demo.guard import Guard
from srcore.demo.page import Work, page

LOG = logging.getLogger(__name__)
LARGEST_FILE = "200mb"


def run(checkpoints: list[Path], host: str, port: int, device: str, folder: Path) -> None:
    """Serve until Ctrl-C or SIGTERM; see `srcore.demo.serve.serve`."""
    offered = networks(checkpoints)
    bound = _bound(host, port)
    work = Work(offered, device, folder)
    # The fonts of the system: those that Gradio's themes name come from Google.
    theme = gr.themes.Default(
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    blocks = page(work, [*offered])
    # Only of a page that was launched does Gradio check that the files of a request were uploaded.
    blocks.has_launched = True
    _ask_nobody()
    app = gr.mount_gradio_app(
        FastAPI(),
        blocks,
        path="",
        server_name=host,
        server_port=port,
        theme=theme,
        max_file_size=LARGEST_FILE,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        allowed_paths=samples(),
    )
    # An open connection that ends with the server is no error to tell.
    config = uvicorn.Config(Guard(app, host), log_level="critical")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    LOG.info("http://%s:%d (Ctrl-C ends it)", f"[{host}]" if ":" in host else host, port)
    # Ctrl-C comes to this thread, and waits neither for a tile nor for pages that are open.
    server = threading.Thread(target=uvicorn.Server(config).run, args=([bound],), daemon=True)
    server.start()
    try:
        server.join()
    finally:
        work.stop_all()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()
    except OSError as error:
        raise StudyError(f"--host {host} --port {port}: {error.strerror}; give another") from None
    except UnicodeError:
        raise StudyError(f"--host {host}: no name of a host; give an address or a name") from None
    return bound


def _ask_nobody() -> None:
    """Keep Gradio from fetching the addresses that a request names instead of a file."""

    async def refused(*_: object, **__: object) -> NoReturn:
        raise PermissionError("no other machine is asked for a file")

    processing_utils.async_ssrf_protected_get = refused
    safehttpx.async_validate_url = refused
