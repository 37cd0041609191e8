"""Faults of the network, while the stage fetches VOC2007 (waits cut to parts of a second)."""

# ruff: noqa: E501  the lines that stages say are whole here

import signal
import socket
import time

from mirrors import (
    Answer,
    Handler,
    claims_less,
    claims_more,
    drops,
    fails_once,
    good,
    has_it_not,
    is_busy,
    knows_no_ranges,
    never_answers,
    sends_a_page,
    sends_another_file,
    sends_other_range,
    stalls_once,
    trickles,
)

from faults.fault import Area, Died, Fault, Refused, Survived, as_is
from faults.machine import free_space, serve, small_disk
from faults.project import Project, Tried

NO_MIRROR = "no mirror gave voc.tar ({}); try again later, or name a local archive (-S data.voc2007.archive=...)"


def mirrors(*answers: Answer):
    return lambda project: serve(project, *answers) and None


def refused(why: str) -> Refused:
    return Refused(NO_MIRROR.format(f"http://127.0.0.1:…/voc.tar: {why}"))


def change_to_good(project: Project) -> None:
    serve(project, good)


def over_what_is_there(name: str, content: bytes | None):
    """Serve well, with a file of an earlier run in the way; None stands for a damaged archive."""

    def make(project: Project) -> None:
        serve(project, good)
        path = project / f"data/.downloads/{name}"
        path.parent.mkdir()
        path.write_bytes((project / "voc.tar").read_bytes()[:-1] if content is None else content)

    return make


def nobody_there(project: Project) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    serve(project)
    project.set("data.voc2007.mirrors", [f"http://127.0.0.1:{port}/voc.tar"])


def dead_proxy(project: Project) -> None:
    serve(project, good)
    project.environment["http_proxy"] = "http://127.0.0.1:9"


def no_proxy(project: Project) -> None:
    del project.environment["http_proxy"]


def full_while_fetching(project: Project) -> None:
    serve(project, good)
    small_disk("data", 16)(project)


def slowly(h: Handler, data: bytes) -> None:
    if h.start:
        good(h, data)
        return
    h.send(data[:20_000], length=len(data))
    time.sleep(0.3)


def killed_while_fetching(project: Project, command: str) -> Tried:
    running = project.start(command)
    partial = project / "data/.downloads/voc.tar.partial"
    while not (partial.exists() and partial.stat().st_size):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    printed, _ = running.communicate()
    assert not (project / "data/.downloads/voc.tar").exists()
    return Tried(running.returncode, printed)


def fault(what: str, make, ends, **more) -> Fault:
    return Fault(what, "download", ends, make, kind="voc", **more)


DOWNLOAD = Area(
    "Download",
    [
        fault(
            "the server stalls in the middle",
            mirrors(stalls_once),
            Survived("…stalled: nothing came for …; trying again"),
            slow=True,
        ),
        fault(
            "the first mirror never answers",
            mirrors(never_answers, good),
            Survived("…: stalled: nothing came for …"),
            slow=True,
        ),
        fault(
            "a byte now and then",
            mirrors(trickles),
            refused("stalled: … bytes in … s"),
            fix=change_to_good,
        ),
        fault(
            "the connection drops again and again",
            mirrors(drops),
            Survived("…broke off…; trying again"),
        ),
        fault(
            "it drops, and the server knows no ranges",
            mirrors(knows_no_ranges),
            Survived("…broke off…; trying again"),
        ),
        fault(
            "it drops, and another range comes than was asked for",
            mirrors(sends_other_range),
            Survived("…sends bytes 500-… where byte 1000 was asked for; trying again"),
        ),
        fault(
            "fewer bytes than the length says",
            mirrors(claims_more, good),
            Survived("…broke off…"),
        ),
        fault(
            "more bytes than the length says",
            mirrors(claims_less),
            refused("sends a file with a wrong checksum"),
            fix=change_to_good,
        ),
        fault(
            "another file, by its md5",
            mirrors(sends_another_file),
            refused("sends a file with a wrong checksum"),
            fix=change_to_good,
        ),
        fault(
            "a web page with status 200",
            mirrors(sends_a_page),
            refused("sends a web page, not the file"),
            fix=change_to_good,
        ),
        fault(
            "status 500, then good",
            mirrors(fails_once),
            Survived("…: answers 500 Internal Server Error; trying again"),
        ),
        fault(
            "status 404 at the first mirror",
            mirrors(has_it_not, good),
            Survived("…: answers 404 Not Found"),
        ),
        fault(
            "status 503 for ever",
            mirrors(is_busy),
            refused("answers 503 Service Unavailable"),
            fix=change_to_good,
        ),
        fault("nobody listens", nobody_there, refused("Connection refused"), fix=change_to_good),
        fault("a proxy that is down", dead_proxy, refused("Connection refused"), fix=no_proxy),
        fault(
            "a part of some other file from an earlier run",
            over_what_is_there("voc.tar.partial", b"x" * 5000),
            Survived("…: wrong checksum after resuming; starting over"),
        ),
        fault(
            "a damaged archive under the final name",
            over_what_is_there("voc.tar", None),
            Survived("…has a wrong checksum; downloading it again"),
        ),
        fault(
            "SIGKILL while fetching", mirrors(slowly), Died(), fix=as_is, how=killed_while_fetching
        ),
        fault(
            "the disk is full while fetching",
            full_while_fetching,
            Refused("No space left on device (…voc.tar.partial); free some space and run again"),
            fix=free_space,
        ),
    ],
)
