"""What every stage script shares: logging, and one clear line for a user's mistake."""

import logging
import sys
from collections.abc import Callable

from srcore.errors import StudyError


def main(run: Callable[[], None]) -> None:
    """Run a stage: log to stderr, turn `StudyError` into one line and exit code 1.

    Ctrl-C ends with exit code 130 and no traceback; a full or read-only disk is one line as well.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        run()
    except StudyError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        place = f" ({error.filename})" if error.filename else ""
        sys.exit(f"error: {error.strerror or error}{place}; mend that and run again")
