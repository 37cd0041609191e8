import errno
import hashlib
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mirrors import (
    Answer,
    Handler,
    Server,
    good,
    has_it_not,
    never_answers,
    sends_a_page,
    sends_another_file,
    serving,
    trickles,
)

from srcore.common.errors import StudyError
from srcore.data import transfer
from srcore.data.download import fetch
from srcore.data.transfer import RetryPolicy

DATA = random.Random(0).randbytes(3_000_000)
MD5 = hashlib.md5(DATA).hexdigest()
HASTY = RetryPolicy(timeout=0.5, attempts=3, pause=0.01)


MakeMirror = Callable[[Answer], Server]


@pytest.fixture
def mirror() -> Iterator[MakeMirror]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(serving(DATA, answer))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads/voc.tar"


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_good_mirror_and_no_second_fetch(mirror: MakeMirror, target: Path):
    whole = mirror(good)
    fetch([whole.url], target, MD5, HASTY)
    fetch([whole.url], target, MD5, HASTY)
    assert target.read_bytes() == DATA
    assert whole.asked == [("/voc.tar", None)]
    assert left(target) == ["voc.tar"]


def test_of_two_that_want_one_file_one_fetches_it(mirror: MakeMirror, target: Path):
    def slow(handler: Handler, data: bytes) -> None:
        time.sleep(0.3)
        good(handler, data)

    whole = mirror(slow)
    errors: list[Exception] = []

    def want() -> None:
        try:
            fetch([whole.url], target, MD5, HASTY)
        except Exception as error:  # noqa: BLE001  # what a thread raises would be lost
            errors.append(error)

    both = [threading.Thread(target=want) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert errors == []
    assert target.read_bytes() == DATA
    assert whole.asked == [("/voc.tar", None)]
    assert left(target) == ["voc.tar"]


def test_a_broken_transfer_is_resumed_where_it_broke(mirror: MakeMirror, target: Path):
    flaky = mirror(lambda h, data: good(h, data, min(h.start + 500_000, len(DATA))))
    fetch([flaky.url], target, MD5, HASTY)
    assert target.read_bytes() == DATA
    starts = [int(asked[6:-1]) for _, asked in flaky.asked if asked]
    assert starts == sorted(starts)
    assert len(flaky.asked) == 6, "progress does not use up the attempts"


def test_a_later_run_resumes(mirror: MakeMirror, target: Path):
    dying = mirror(lambda h, data: good(h, data, max(h.start, 1_000_000)))
    with pytest.raises(StudyError, match="broke off after 0 of 2000000 bytes"):
        fetch([dying.url], target, MD5, HASTY)
    assert left(target) == ["voc.tar.partial"]
    whole = mirror(good)
    fetch([whole.url], target, MD5, HASTY)
    assert whole.asked == [("/voc.tar", "bytes=1000000-")]
    assert target.read_bytes() == DATA


def test_the_second_mirror_goes_on_where_the_first_died(mirror: MakeMirror, target: Path):
    dying = mirror(lambda h, data: good(h, data, max(h.start, 1_000_000)))
    whole = mirror(good)
    fetch([dying.url, whole.url], target, MD5, HASTY)
    assert whole.asked == [("/voc.tar", "bytes=1000000-")]


def test_a_server_without_ranges_starts_over(mirror: MakeMirror, target: Path):
    answers = iter([1_000_000, None])
    whole = mirror(lambda h, _: h.send(DATA[: next(answers)], length=len(DATA)))
    fetch([whole.url], target, MD5, HASTY)
    assert target.read_bytes() == DATA


def test_a_whole_partial_file_needs_no_transfer(mirror: MakeMirror, target: Path):
    target.parent.mkdir()
    Path(f"{target}.partial").write_bytes(DATA)
    whole = mirror(good)
    fetch([whole.url], target, MD5, HASTY)
    assert target.read_bytes() == DATA
    assert len(whole.asked) == 1


@pytest.mark.parametrize("bad", [b"x" * 1000, b"x" * len(DATA), b"x" * (len(DATA) + 9)])
def test_a_partial_file_of_something_else_is_dropped(mirror: MakeMirror, target: Path, bad: bytes):
    target.parent.mkdir()
    Path(f"{target}.partial").write_bytes(bad)
    fetch([mirror(good).url], target, MD5, HASTY)
    assert target.read_bytes() == DATA
    assert left(target) == ["voc.tar"]


def test_another_range_than_asked_for_is_not_appended(mirror: MakeMirror, target: Path):
    target.parent.mkdir()
    Path(f"{target}.partial").write_bytes(DATA[:1000])

    def wrong(h: Handler, data: bytes) -> None:
        if h.start:
            h.send(DATA[500:], 206, Content_Range=f"bytes 500-{len(DATA) - 1}/{len(DATA)}")
        else:
            good(h, data)

    fetch([mirror(wrong).url], target, MD5, HASTY)
    assert target.read_bytes() == DATA


def test_a_stalling_server_gives_way_to_the_next(mirror: MakeMirror, target: Path):
    def stall(h: Handler, data: bytes) -> None:
        good(h, data, h.start + 1000)
        time.sleep(2)

    slow, whole = mirror(stall), mirror(good)
    start = time.monotonic()
    fetch([slow.url, whole.url], target, MD5, RetryPolicy(timeout=0.2, attempts=1, pause=0))
    assert time.monotonic() - start < 3
    assert target.read_bytes() == DATA


def test_a_server_that_never_answers(mirror: MakeMirror, target: Path):
    silent = mirror(never_answers)
    with pytest.raises(StudyError, match=r"stalled: nothing came for 0.2 s"):
        fetch([silent.url], target, MD5, RetryPolicy(timeout=0.2, attempts=2, pause=0))


def test_a_trickle_counts_as_stalled(mirror: MakeMirror, target: Path):
    with pytest.raises(StudyError, match=r"stalled: \d+ bytes in"):
        fetch([mirror(trickles).url], target, MD5, RetryPolicy(timeout=0.3, attempts=1))


def test_a_slow_but_steady_server_is_waited_for(mirror: MakeMirror, target: Path):
    def slow(h: Handler, data: bytes) -> None:
        h.send(b"", length=len(DATA))
        for place in range(0, len(DATA), 300_000):
            h.wfile.write(DATA[place : place + 300_000])
            h.wfile.flush()
            time.sleep(0.1)

    fetch([mirror(slow).url], target, MD5, RetryPolicy(timeout=0.3, attempts=1))
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("length", [len(DATA) + 1000, len(DATA) - 1000])
def test_a_wrong_length(mirror: MakeMirror, target: Path, length: int):
    wrong, whole = mirror(lambda h, _: h.send(DATA, length=length)), mirror(good)
    fetch([wrong.url, whole.url], target, MD5, HASTY)
    assert target.read_bytes() == DATA
    with pytest.raises(StudyError):
        fetch([wrong.url], target.with_name("again.tar"), MD5, HASTY)
    assert "again.tar" not in left(target)


def test_a_server_that_tells_no_length(mirror: MakeMirror, target: Path):
    def no_length(h: Handler, data: bytes) -> None:
        h.send_response(200)
        h.send_header("Connection", "close")
        h.end_headers()
        h.wfile.write(DATA)

    fetch([mirror(no_length).url], target, MD5, HASTY)
    assert target.read_bytes() == DATA


def test_chunked_transfer(mirror: MakeMirror, target: Path):
    def chunked(h: Handler, data: bytes) -> None:
        h.send_response(200)
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()
        for place in range(0, len(DATA), 700_000):
            part = DATA[place : place + 700_000]
            h.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        h.wfile.write(b"0\r\n\r\n")

    fetch([mirror(chunked).url], target, MD5, HASTY)
    assert target.read_bytes() == DATA


def test_a_wrong_checksum_is_never_left_behind(mirror: MakeMirror, target: Path):
    wrong = mirror(sends_another_file)
    with pytest.raises(StudyError, match="wrong checksum"):
        fetch([wrong.url], target, MD5, HASTY)
    assert left(target) == []
    assert len(wrong.asked) == 1, "the same bytes would come again"


def test_a_damaged_file_under_the_final_name_is_fetched_anew(mirror: MakeMirror, target: Path):
    target.parent.mkdir()
    target.write_bytes(DATA[:-1])
    fetch([mirror(good).url], target, MD5, HASTY)
    assert target.read_bytes() == DATA


def test_a_web_page_with_status_200_does_not_spoil_what_is_there(mirror: MakeMirror, target: Path):
    target.parent.mkdir()
    Path(f"{target}.partial").write_bytes(DATA[:1000])
    page = mirror(sends_a_page)
    with pytest.raises(StudyError, match="sends a web page"):
        fetch([page.url], target, MD5, HASTY)
    assert Path(f"{target}.partial").read_bytes() == DATA[:1000]


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (500, 3), (503, 3), (429, 3)])
def test_only_errors_that_may_pass_are_tried_again(
    mirror: MakeMirror, target: Path, status: int, asked: int
):
    failing, whole = mirror(lambda h, _: h.send(b"", status)), mirror(good)
    fetch([failing.url, whole.url], target, MD5, HASTY)
    assert len(failing.asked) == asked


def test_a_redirect_is_followed(mirror: MakeMirror, target: Path):
    whole = mirror(good)
    moved = mirror(lambda h, _: h.send(b"", 302, Location=whole.url))
    fetch([moved.url], target, MD5, HASTY)
    assert target.read_bytes() == DATA


def test_all_mirrors_dead_is_one_line_with_every_reason(mirror: MakeMirror, target: Path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}/voc.tar"
        mirrors = [closed, "http://no-such-host.invalid/voc.tar", "ftp://x/voc.tar", "nonsense",
                   mirror(has_it_not).url]  # fmt: skip
        with pytest.raises(StudyError) as caught:
            fetch(mirrors, target, MD5, HASTY, "name a local file")
    text = str(caught.value)
    assert "\n" not in text
    assert all(url in text for url in mirrors)
    assert "Connection refused" in text
    assert "answers 404" in text
    assert text.endswith("; try again later, or name a local file")


def test_a_full_disk_is_the_systems_own_error(mirror: MakeMirror, target: Path, monkeypatch):
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "ab", buffering=0)
    monkeypatch.setattr(transfer, "_opened", lambda *_: full)
    with pytest.raises(OSError) as caught:
        fetch([mirror(good).url], target, MD5, HASTY)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("link", ["symbolic", "hard", "dangling", "to a device", "pipe"])
def test_nothing_is_written_through_what_lies_there(
    mirror: MakeMirror, target: Path, tmp_path: Path, link: str
):
    target.parent.mkdir()
    partial, other = Path(f"{target}.partial"), tmp_path / "other"
    other.write_text("somebody's")
    match link:
        case "symbolic":
            partial.symlink_to(other)
        case "hard":
            partial.hardlink_to(other)
        case "dangling":
            partial.symlink_to(tmp_path / "nowhere")
        case "to a device":
            partial.symlink_to("/dev/full")
        case _:
            os.mkfifo(partial)
    fetch([mirror(good).url], target, MD5, HASTY)
    assert target.read_bytes() == DATA
    assert left(target) == ["voc.tar"]
    assert not target.is_symlink()
    assert other.read_text() == "somebody's"
    assert not (tmp_path / "nowhere").exists()


def test_an_endless_file_ends_at_the_largest_size(mirror: MakeMirror, target: Path):
    def endless(h: Handler, data: bytes) -> None:
        h.send_response(200)
        h.end_headers()
        while True:
            h.wfile.write(bytes(1 << 16))

    retry = RetryPolicy(timeout=0.5, attempts=2, pause=0, max_bytes=1 << 20)
    with pytest.raises(StudyError, match="sends more than 1048576 bytes"):
        fetch([mirror(endless).url], target, MD5, retry)
    assert left(target) == []


def test_what_trickles_ends_at_the_total_time(mirror: MakeMirror, target: Path):
    def trickle(h: Handler, data: bytes) -> None:
        h.send(b"", length=len(DATA))
        while True:
            h.wfile.write(bytes(2000))
            time.sleep(0.05)

    retry = RetryPolicy(timeout=0.5, attempts=2, pause=0, total=1)
    since = time.monotonic()
    with pytest.raises(StudyError, match="takes more than 1 s"):
        fetch([mirror(trickle).url], target, MD5, retry)
    assert time.monotonic() - since < 5


@pytest.mark.parametrize("where", ["status", "header", "chunk"])
def test_lines_without_end_are_not_waited_for(mirror: MakeMirror, target: Path, where: str):
    """A byte now and then begins the retry of any one read anew."""

    def dribble(h: Handler, data: bytes) -> None:
        if where != "status":
            h.send_response(200)
        if where == "chunk":
            h.send_header("Transfer-Encoding", "chunked")
            h.end_headers()
        for _ in range(100):
            h.wfile.write(b"1")
            h.wfile.flush()
            time.sleep(0.05)

    since = time.monotonic()
    with pytest.raises(StudyError, match="stalled: no whole answer"):
        fetch([mirror(dribble).url], target, MD5, RetryPolicy(timeout=0.2, attempts=1, pause=0))
    assert time.monotonic() - since < 4


def test_a_few_bytes_an_attempt_are_no_progress(mirror: MakeMirror, target: Path):
    stingy = mirror(lambda h, data: good(h, data, h.start + 100))
    with pytest.raises(StudyError, match="broke off"):
        fetch([stingy.url], target, MD5, HASTY)
    assert len(stingy.asked) == HASTY.attempts


def test_attempts_are_bounded_though_there_is_progress(mirror: MakeMirror, target: Path):
    slow = mirror(lambda h, data: good(h, data, h.start + 20_000))
    with pytest.raises(StudyError, match="broke off"):
        fetch([slow.url], target, MD5, RetryPolicy(timeout=1, attempts=3, pause=0, max_attempts=7))
    assert len(slow.asked) == 7


def test_a_password_in_an_address_is_shown_to_nobody(mirror: MakeMirror, target: Path, caplog):
    address = mirror(has_it_not).url.replace("//", "//user:s3cret@") + "?token=t0k"
    gone = "http://user:s3cret@127.0.0.1:9/voc.tar?token=t0k"
    with pytest.raises(StudyError) as caught:
        fetch([address, gone], target, MD5, HASTY)
    for text in (str(caught.value), caplog.text):
        assert "s3cret" not in text
        assert "t0k" not in text


def test_a_sha256_is_a_checksum_as_well(mirror: MakeMirror, target: Path):
    fetch([mirror(good).url], target, hashlib.sha256(DATA).hexdigest(), HASTY)
    assert target.read_bytes() == DATA
    with pytest.raises(StudyError, match="wrong checksum"):
        fetch([mirror(good).url], target, "0" * 64, HASTY)


def test_the_proxy_of_the_environment_is_used(
    mirror: MakeMirror, target: Path, monkeypatch: pytest.MonkeyPatch
):
    proxy = mirror(good)
    monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/voc.tar"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    fetch(["http://far-away.invalid/voc.tar"], target, MD5, HASTY)
    assert proxy.asked == [("http://far-away.invalid/voc.tar", None)]
    assert target.read_bytes() == DATA
