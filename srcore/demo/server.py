"""The server behind the page."""

# The linter runs without the extra `demo`, whose Gradio asks for an older Pillow (pyproject.toml).
# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

import logging
import socket
import threading
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from srcore.common.errors import StudyError
from srcore.demo.choices import networks
from srcore.demo.page import Work, page
from srcore.demo.serve import POLICY

LOG = logging.getLogger(__name__)
LARGEST_FILE = "200mb"


class Policy:
    """Adds the content security policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                header = (b"content-security-policy", POLICY.encode())
                message["headers"] = [*message["headers"], header]
            await send(message)

        await self._app(scope, receive, with_policy)


def run(checkpoints: list[Path], host: str, port: int, device: str, folder: Path) -> None:
    """Serve until Ctrl-C; see `srcore.demo.serve.serve`."""
    offered = networks(checkpoints)
    bound = _bound(host, port)
    work = Work(offered, device, folder)
    # The fonts of the system: those that Gradio's themes name come from Google.
    theme = gr.themes.Default(
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    app = gr.mount_gradio_app(
        FastAPI(),
        page(work, [*offered]),
        path="",
        server_name=host,
        server_port=port,
        theme=theme,
        max_file_size=LARGEST_FILE,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
    )
    # An open connection that ends with the server is no error to tell.
    config = uvicorn.Config(Policy(app), log_level="critical")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    LOG.info("http://%s:%d (Ctrl-C ends it)", host, port)
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
    return bound
