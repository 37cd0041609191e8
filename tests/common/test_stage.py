"""How a stage ends, as DVC and a person at the terminal see it: in a process of its own."""

import signal
import subprocess
import sys

import pytest

# A shell that starts pytest in the background makes its children ignore Ctrl-C; undo that.
PREFACE = """
import errno, logging, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from srcore.common.errors import StudyError
from srcore.common.stage import main
"""


def run_stage(body: str) -> subprocess.CompletedProcess[str]:
    """Run `main` on a function with this body."""
    code = f"{PREFACE}\ndef run():\n    {body}\nmain(run)\n"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_a_good_end():
    done = run_stage("logging.getLogger('srcore.x').info('3 images')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "3 images\n")


def test_a_users_mistake_is_one_line():
    done = run_stage("raise StudyError('data/raw is empty; run dvc repro')")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "error: data/raw is empty; run dvc repro\n"


def test_a_mistake_after_another_exception_is_still_one_line():
    done = run_stage("""
    try:
        {}["x"]
    except KeyError as error:
        raise StudyError("no x") from error
    """)
    assert (done.returncode, done.stderr) == (1, "error: no x\n")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("open('/nowhere/at/all.txt')", ["No such file", "/nowhere/at/all.txt"]),
        ("raise OSError(errno.ENOSPC, 'No space left on device', 'x.npy')", ["space", "x.npy"]),
        ("raise OSError(errno.ENOSPC, 'No space left on device')", ["No space left on device"]),
        ("raise PermissionError(errno.EACCES, 'Permission denied', 'data')", ["denied", "data"]),
    ],
)
def test_trouble_with_the_disk_is_one_line(failure, words):
    done = run_stage(failure)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in words)


@pytest.mark.parametrize("failure", ["1 / 0", "raise OSError('a library gave no number')"])
def test_a_bug_keeps_its_traceback(failure):
    done = run_stage(failure)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_ctrl_c_ends_with_130_and_no_traceback():
    code = f"{PREFACE}\ndef run():\n    print('ready', flush=True)\n    time.sleep(60)\nmain(run)\n"
    stage = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert stage.stdout is not None
        assert stage.stdout.readline() == "ready\n"
        stage.send_signal(signal.SIGINT)
        _, errors = stage.communicate(timeout=30)
    finally:
        stage.kill()
        stage.wait()
    assert stage.returncode == 130
    assert errors == "stopped\n"
