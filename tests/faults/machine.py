"""Real faults of the machine: small disks, read-only ones, little memory, kills."""

import glob
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mirrors import Answer, serving

from faults.fault import Act
from faults.project import Project, Tried

FILLER = ".filler"


def serve(project: Project, *answers: Answer) -> None:
    """Start mirrors that answer so, one after the other, and make the study download from them."""
    data = (project / "voc.tar").read_bytes()
    mirrors = [project.stack.enter_context(serving(data, answer)) for answer in answers]
    project.environment["FAULT_HASTY"] = "1"
    project.set("data.voc2007.archive", "data/none")
    project.set("data.voc2007.mirrors", [mirror.url for mirror in mirrors])
    project.set("data.voc2007.md5", hashlib.md5(data).hexdigest())


def mount(project: Project, *arguments: str) -> None:
    """Mount something until the project is closed."""
    place = arguments[-1]
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no right to mount a disk here: {done.stderr.strip()}")
    project.stack.callback(subprocess.run, ["umount", "--lazy", place], check=True)


def other_disk(project: Project, place: Path, size: str = "16m") -> None:
    place.mkdir(parents=True, exist_ok=True)
    mount(project, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))


def small_disk(place: str, spare: int) -> Act:
    """Put a folder, with what it holds, on a disk of its own with `spare` kB left."""

    def make(project: Project) -> None:
        folder, kept = project / place, project / f"{place}.kept"
        folder.mkdir(parents=True, exist_ok=True)
        folder.rename(kept)
        other_disk(project, folder)
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        filler = folder / FILLER
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                file.truncate(max(0, file.tell() - (spare << 10)))

    return make


def free_space(project: Project) -> None:
    for filler in (*project.path.glob(f"*/{FILLER}"), *project.path.glob(f".dvc/*/{FILLER}")):
        filler.unlink()


def read_only(place: str) -> Act:
    """Make a folder one that nobody may write to, the administrator included."""

    def make(project: Project) -> None:
        folder = str(project / place)
        (project / place).mkdir(parents=True, exist_ok=True)
        mount(project, "--bind", folder, folder)
        mount_options = ["mount", "-o", "remount,ro,bind", folder]
        subprocess.run(mount_options, check=True)

    return make


def writable(place: str) -> Act:
    def fix(project: Project) -> None:
        subprocess.run(["mount", "-o", "remount,rw,bind", str(project / place)], check=True)

    return fix


def dies_at(rename: int) -> Callable[[Project, str], Tried]:
    """SIGKILL in place of the n-th rename: all is written, and not yet in place."""
    return lambda project, command: project.run(command, environment={"FAULT_DIE_AT": str(rename)})


def with_little(limit: int, amount: int) -> Callable[[Project, str], Tried]:
    """Run under a limit of the operating system (`resource.RLIMIT_…`)."""
    return lambda project, command: project.run_cold(
        command, preexec_fn=lambda: resource.setrlimit(limit, (amount, amount))
    )


def signalled(number: signal.Signals, place: str) -> Callable[[Project, str], Tried]:
    """Run until `place` is there, and send a signal."""

    def how(project: Project, command: str) -> Tried:
        # A shell that starts pytest in the background makes its children ignore Ctrl-C; undo that.
        handled = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
        running = project.start(command, **handled)
        wait_for(project / place, running)
        running.send_signal(number)
        printed, _ = running.communicate()
        return Tried(running.returncode, printed)

    return how


def wait_for(path: Path, running: "subprocess.Popen[str]", seconds: float = 120) -> None:
    """Wait until a path is there, in which * stands for anything."""
    until = time.monotonic() + seconds
    while not glob.glob(str(path)):  # noqa: PTH207
        assert running.poll() is None, running.communicate()[0]
        assert time.monotonic() < until, f"{path} did not come in {seconds} s"
        time.sleep(0.002)


@contextmanager
def held_midway(project: Project, command: str, seen: str) -> Iterator[None]:
    """A command stopped once `seen` is there, which goes on and must end well after the block."""
    earlier = project.start(command)
    wait_for(project / seen, earlier)
    earlier.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        earlier.send_signal(signal.SIGCONT)
        printed, _ = earlier.communicate()
        assert earlier.returncode == 0, printed


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
