"""Serving the page: to this machine alone, asking no other machine for anything."""

import os
import signal
import sys
import tempfile
from pathlib import Path

PRIVATE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Set before Gradio is imported, which reads them then."""


def serve(checkpoints: list[Path], host: str, port: int, device: str) -> None:
    """Serve the page until Ctrl-C, or until the process is asked to end (SIGTERM).

    Args:
        checkpoints: further networks to offer.
        host: the address to listen at.
        port: the port.
        device: where to compute, `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        StudyError: a checkpoint is missing or the port is taken.
        ModuleNotFoundError: the extra `demo` is not installed.
    """
    # Killed at once, it would leave the images of its users behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(
            prefix="srcore-demo-", ignore_cleanup_errors=True
        ) as folder:
            os.environ.update(PRIVATE | {"GRADIO_TEMP_DIR": folder})
            from srcore.demo.server import run  # noqa: PLC0415  # reads what was set

            run(checkpoints, host, port, device, Path(folder))
    except KeyboardInterrupt:
        # As `srcore.common.stage.main` ends, but without waiting: a tile takes seconds, and torch
        # aborts when Python is taken down around it.
        sys.stderr.write("stopped\n")
        sys.stderr.flush()
        os._exit(130)
