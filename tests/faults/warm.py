"""Stages in processes of their own that need not load their libraries first.

A server loads them once and forks for every stage, which is then run as `python -m` would: in its
folder, with its arguments, environment and limits, its output and exit code those of a process.
A study of this size takes a tenth of a second so, where loading torch alone takes three.
"""

import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

HOOKS = Path(__file__).parent / "hooks" / "sitecustomize.py"
DATA = ("download", "resize_pyramids", "split", "fit_linear", "describe_data", "report")
"""Stages that do without torch."""


class Server:
    """A process that has loaded what these stages import.

    Attributes:
        peak: bytes of memory that the last one had at most, the libraries included.
    """

    peak = 0

    def __init__(self, root: Path, stages: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *stages],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, argv: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run `python -m stages.<argv>` in `folder`; give exit code and what it said."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as printed:
            asked = [str(folder), argv, environment, printed.name]
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            code, peak = self._process.stdout.readline().split()
            self.peak = int(peak) << 10
            return int(code), printed.read()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def serve(stages: list[str]) -> None:
    sys.path.insert(0, str(Path.cwd()))
    for stage in stages:
        import_module(f"stages.{stage}")
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        folder, argv, environment, printed = json.loads(line)
        child = os.fork()
        if child == 0:
            become(folder, argv, environment, printed)
        _, status, used = os.wait4(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)} {used.ru_maxrss}\n")
        answers.flush()


def become(folder: str, argv: list[str], environment: dict[str, str], printed: str) -> None:
    """Be the process of that stage, to its end."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if seconds := environment.get("FAULT_SECONDS"):
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
        signal.alarm(6 * int(seconds))  # a busy machine takes longer, but not for ever
    target = os.open(printed, os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (target, 1), (target, 2)):
        os.dup2(source, number)
    sys.path[0] = folder
    sys.argv = [f"stages/{argv[0]}.py", *argv[1:]]
    ended: Any = 0
    try:
        runpy.run_path(str(HOOKS))
        module = argv[0] if argv[0] == "srcore" else f"stages.{argv[0]}"
        if module != "srcore":
            sys.modules.pop(module, None)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as error:
        ended = error.code or 0
        if isinstance(ended, str):
            sys.stderr.write(f"{ended}\n")
            ended = 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        ended = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended)


if __name__ == "__main__":
    serve(sys.argv[1:])
