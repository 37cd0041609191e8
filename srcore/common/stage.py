"""What every stage script shares: logging, its argument, and one clear line for what goes wrong."""

import errno
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.text import printable, redacted

HINTS = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EROFS: "make it writable and run again",
    errno.EACCES: "fix its permissions and run again",
    errno.EPERM: "fix its permissions and run again",
}
"""What to do about the operating system's refusals, beyond "fix that"."""


NO_MEMORY = re.compile("not enough memory|out of memory|allocate memory")
"""How torch says it."""


def main(run: Callable[[], None]) -> None:
    """Run a stage: log to stderr, turn `StudyError` into one line and exit code 1.

    Ctrl-C ends with exit code 130 and no traceback. What the machine refuses (space, memory,
    permission) is one line as well, whichever library met with it; a bug keeps its traceback.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Shown("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # until now, that of `stages`
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    except StudyError as error:
        sys.exit(f"error: {printable(redacted(str(error)))}")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except Exception as error:
        refused = _refused(error)
        if refused is None:
            raise
        sys.exit(f"error: {printable(redacted(refused))}")


class _Shown(logging.Formatter):
    """Lets no name or address in a log act upon the terminal, or tell a password."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        return printable(redacted(super().formatMessage(record)))


def argument(known: Iterable[str]) -> str:
    """The one argument of a stage.

    Raises:
        StudyError: there is none, or more, or an unknown one.
    """
    given = sys.argv[1:]
    if len(given) != 1 or given[0] not in known:
        command = " ".join([f"stages.{Path(sys.argv[0]).stem}", *given])
        raise StudyError(f"{command}: give one of {', '.join(known)}")
    return given[0]


def _refused(error: Exception) -> str | None:
    """What the machine refused, in one line; None for anything else."""
    said = " ".join(str(error).split())
    notes: list[str] = getattr(error, "__notes__", [])
    place = notes[0] if notes else None
    if isinstance(error, MemoryError) or NO_MEMORY.search(said):
        return (
            "not enough memory; use fewer or smaller images (data.limit, data.max_pixels, "
            "pyramid.sizes, the recipe's batch_size), or a larger machine"
        )
    if isinstance(error, OSError) and (error.filename or error.errno):
        return _line(error.errno, error.strerror or said, error.filename or place)
    if match := re.search(r"\(os error (\d+)\)", said):  # what is written in Rust, as safetensors
        return _line(int(match[1]), os.strerror(int(match[1])), place)
    if "inline_container" in said or "PytorchStreamWriter" in said:  # torch tells no number
        return _line(errno.ENOSPC, "a file could not be written whole", place)
    return None


def _line(number: int | None, said: str, place: str | None) -> str:
    where = f" ({place})" if place else ""
    return f"{said}{where}; {HINTS.get(number or 0, 'fix that and run again')}"
