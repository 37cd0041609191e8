"""The server behind the page."""

# The linter runs without the extra `demo`, whose Gradio asks for an older Pillow (pyproject.toml).
# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

import logging
import socket
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from srcore.common.errors import StudyError
from srcore.demo.choices import networks
from srcore.demo.page import Work, page
from srcore.demo.serve import GRACE, POLICY

LOG = logging.getLogger(__name__)
LARGEST_FILE = "200mb"


class Server(uvicorn.Server):
    """Ends the work of all tabs before it waits for them."""

    def __init__(self, config: uvicorn.Config, work: Work) -> None:
        super().__init__(config)
        self._work = work

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        self._work.stop_all()
        await super().shutdown(sockets)


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
    config = uvicorn.Config(Policy(app), log_level="warning", timeout_graceful_shutdown=GRACE)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    LOG.info("http://%s:%d (Ctrl-C ends it)", host, port)
    Server(config, work).run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        raise StudyError(f"--host {host} --port {port}: {error.strerror}; give another") from None
    return bound
