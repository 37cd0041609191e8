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
from srcore.common.text import printable

HINTS = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EROFS: "make it writable and run again",
    errno.EACCES: "mend its permissions and run again",
    errno.EPERM: "mend its permissions and run again",
}
"""What to do about the operating system's refusals, beyond "mend that"."""


NO_MEMORY = re.compile("not enough memory|out of memory|allocate memory")
"""How torch says it."""


def main(run: Callable[[], None]) -> None:
    """Run a stage: log to stderr, turn `StudyError` into one line and exit code 1.

    Ctrl-C ends with exit code 130 and no traceback. What the machine refuses (space, memory,
    permission) is one line as well, whichever library met with it; a bug keeps its traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # until now, that of `stages`
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    except StudyError as error:
        sys.exit(f"error: {printable(str(error))}")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except Exception as error:
        refused = _refused(error)
        if refused is None:
            raise
        sys.exit(f"error: {refused}")


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
            "pyramid.sizes, train.batch_size, modern.batch_size), or a larger machine"
        )
    if isinstance(error, OSError) and (error.filename or error.errno):
        return _line(error.errno, error.strerror or said, error.filename or place)
    if told := re.search(r"\(os error (\d+)\)", said):  # what is written in Rust, as safetensors
        return _line(int(told[1]), os.strerror(int(told[1])), place)
    if "inline_container" in said or "PytorchStreamWriter" in said:  # torch tells no number
        return _line(errno.ENOSPC, "a file could not be written whole", place)
    return None


def _line(number: int | None, said: str, place: str | None) -> str:
    where = f" ({place})" if place else ""
    return f"{said}{where}; {HINTS.get(number or 0, 'mend that and run again')}"
