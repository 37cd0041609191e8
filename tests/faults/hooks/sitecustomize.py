"""Python runs this at the start of a stage that is to meet with a fault of time.

FAULT_DIE_AT=2: SIGKILL in place of the second rename, when all is written and nothing in place.
FAULT_HASTY=1: wait for servers for parts of a second, not for half a minute.
"""

import os
import signal

if at := int(os.environ.get("FAULT_DIE_AT", "0")):
    rename = os.replace

    def replace(*args, **kwargs):
        global at  # noqa: PLW0603
        at -= 1
        if at == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        rename(*args, **kwargs)

    os.replace = replace

if os.environ.get("FAULT_HASTY"):
    from srcore.data.transfer import RetryPolicy

    RetryPolicy.__init__.__defaults__ = (0.4, 1024, 3, 0.01, 12, 3.0, 1 << 20)
