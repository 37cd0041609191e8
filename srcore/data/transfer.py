"""One transfer over HTTP: what is missing of a file, in bounded time and of a bounded size."""

import http.client
import os
import queue
import re
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial as bound
from pathlib import Path
from typing import IO, NoReturn, TypeVar, cast

import requests
import urllib3
from tqdm import tqdm

from srcore.common.files import about

T = TypeVar("T")

CHUNK = 1 << 18
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may be another at the next attempt."""


class TransferError(Exception):
    """Why a transfer failed; another attempt at the same mirror may do."""


class StalledError(TransferError):
    """As `TransferError`; a thread still waits for the server."""


class MirrorError(Exception):
    """Why a mirror is of no use."""


@dataclass(frozen=True)
class RetryPolicy:
    """When to try again, and when to give up."""

    timeout: float = 30
    """Seconds to wait for a connection, or for more data."""
    min_rate: float = 1024
    """Bytes per second; fewer over `timeout` seconds count as stalled."""
    attempts: int = 4
    """Attempts at one mirror without progress."""
    pause: float = 1
    """Seconds before the second attempt; doubled before each one after."""
    max_attempts: int = 100
    """Attempts at one mirror in all."""
    total: float = 6 * 3600
    """Seconds for all of it; what is there by then is kept for a later run."""
    max_bytes: int = 4 << 30
    """Bytes of a file; more are not what was asked for."""


def transfer(url: str, partial: Path, retry: RetryPolicy, until: float) -> None:
    """Fetch what is missing of `partial`; it is whole when this returns, if the server is right.

    Raises:
        TransferError: this attempt failed, and another may succeed.
        MirrorError: another attempt at this address would fail as well.
    """
    have = size_of(partial)
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    get = bound(requests.get, url, headers=headers, stream=True, timeout=retry.timeout)
    try:
        answer = _in_time(get, 4 * retry.timeout)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        if isinstance(error, ValueError):  # an address that cannot be understood
            raise MirrorError(" ".join(str(error).split())) from None
        raise TransferError(_reason(error, retry)) from None
    try:
        if not _is_whole(answer, have, partial):
            resume = answer.status_code == requests.codes.partial_content
            start = have if resume else 0
            with about(partial), _opened(partial, resume) as file, _bar(answer, have) as bar:
                for chunk in _chunks(answer, retry, until):
                    start += len(chunk)
                    if start > retry.max_bytes:
                        partial.unlink()
                        raise MirrorError(f"sends more than {retry.max_bytes} bytes")
                    file.write(chunk)
                    bar.update(len(chunk))
    except StalledError:
        _hang_up(answer)
        raise
    finally:
        answer.close()


def _hang_up(answer: requests.Response) -> None:
    """End the connection under a thread that reads it; to close it would wait for that thread."""
    with suppress(AttributeError, OSError):
        answer.raw._original_response.fp.raw._sock.shutdown(socket.SHUT_RDWR)


def _opened(partial: Path, resume: bool) -> IO[bytes]:
    """Open what is there of a file, or begin it.

    Its name is known to everybody, so that a later run finds it. A link is not written through: it
    is removed, and so is a file that has other names or another owner.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if not _is_ours(partial):
        partial.unlink(missing_ok=True)
        flags |= os.O_EXCL
    file = os.fdopen(os.open(partial, flags, 0o666), "ab")
    if not resume:
        file.truncate(0)
    return file


def _is_ours(partial: Path) -> bool:
    try:
        found = partial.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid()


def _in_time(work: Callable[[], T], seconds: float) -> T:
    """What `work` gives, if it does so in time.

    A server that sends the head of its answer a byte at a time is heard for ever by libraries,
    whose timeout begins again with each byte.

    Raises:
        StalledError: it takes longer; its thread is left alone, and ends with the process.
    """
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001  # raised again, where it is waited for
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        given, error = done.get(timeout=seconds)
    except queue.Empty:
        raise StalledError(f"stalled: no whole answer in {seconds:g} s") from None
    if error:
        raise error
    return cast("T", given)


def _is_whole(answer: requests.Response, have: int, partial: Path) -> bool:
    """Tell whether `have` bytes were all there is; raise when the answer is of no use."""
    status, place = answer.status_code, answer.headers.get("Content-Range", "")
    if status == requests.codes.requested_range_not_satisfiable and have:
        if re.fullmatch(rf"bytes \*/{have}", place):
            return True
        partial.unlink()
        raise TransferError(f"has no more than the {have} bytes that are here; starting over")
    if status in TRANSIENT:
        raise TransferError(f"answers {status} {answer.reason}")
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise MirrorError(f"answers {status} {answer.reason}")
    if "html" in answer.headers.get("Content-Type", ""):
        raise MirrorError("sends a web page, not the file")
    if status == requests.codes.partial_content and not place.startswith(f"bytes {have}-"):
        partial.unlink(missing_ok=True)
        raise TransferError(f"sends {place or 'some part'} where byte {have} was asked for")
    return False


def _chunks(answer: requests.Response, retry: RetryPolicy, until: float) -> Iterator[bytes]:
    length = answer.headers.get("Content-Length")
    got = counted = 0
    since = time.monotonic()
    # The standard library's own reader bounds every line of a transfer in chunks; urllib3's, around
    # it, reads one without end into memory.
    read = bound(answer.raw._original_response.read1, CHUNK)
    while chunk := _read(read, retry):
        yield chunk
        got += len(chunk)
        now = time.monotonic()
        if now > until:
            raise MirrorError(f"takes more than {retry.total:g} s")
        if now - since > retry.timeout:
            if got - counted < retry.min_rate * (now - since):
                raise TransferError(f"stalled: {got - counted} bytes in {now - since:.0f} s")
            counted, since = got, now
    if length and length.isdecimal() and length.lstrip("0") != str(got or ""):
        raise TransferError(f"broke off after {got} of {length} bytes")


def _read(read: Callable[[], bytes], retry: RetryPolicy) -> bytes:
    try:
        return _in_time(read, 2 * retry.timeout)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransferError(_reason(error, retry)) from None


def _bar(answer: requests.Response, have: int) -> "tqdm[NoReturn]":
    length = answer.headers.get("Content-Length", "")
    resume = answer.status_code == requests.codes.partial_content
    start = have if resume else 0
    return tqdm(
        desc="fetch",
        initial=start,
        total=start + int(length) if length.isdecimal() and len(length) < 20 else None,
        unit="B",
        unit_scale=True,
        disable=not sys.stderr.isatty(),
        leave=False,
    )


def _reason(error: Exception, retry: RetryPolicy) -> str:
    if isinstance(error, TimeoutError | requests.Timeout | urllib3.exceptions.TimeoutError):
        return f"stalled: nothing came for {retry.timeout:g} s"
    cause: BaseException | None = error
    while cause:  # the operating system's own words, deep inside, say it best
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, http.client.IncompleteRead):
            return "the transfer broke off"
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())


def size_of(partial: Path) -> int:
    """Bytes that are here already; of what cannot be gone on with, none."""
    return partial.lstat().st_size if _is_ours(partial) else 0
