"""The scripts of the stages. Ctrl-C while their libraries load ends them without a traceback."""

import os
import signal
import sys


def _stop(*_: object) -> None:
    os.write(2, b"stopped\n")
    os._exit(130)


# Python imports this package first of all, and calls itself "-m" then; `srcore.common.stage.main`
# takes over. Who imports a stage for another purpose keeps its handler, and so does
# who ignores Ctrl-C.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _stop)
