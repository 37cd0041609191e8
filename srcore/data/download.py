"""Fetch a large file from the first of several mirrors that has it, resuming what broke off."""

import hashlib
import http.client
import logging
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import requests
import urllib3
from tqdm import tqdm

from srcore.common.errors import StudyError
from srcore.common.files import about

log = logging.getLogger(__name__)

CHUNK = 1 << 18
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may be another at the next attempt."""


class TransferError(Exception):
    """Why a transfer failed; another attempt at the same mirror may do."""


class MirrorError(Exception):
    """Why a mirror is of no use."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server."""

    timeout: float = 30
    """Seconds to wait for a connection, or for more data."""
    slowest: float = 1024
    """Bytes a second; fewer over `timeout` seconds count as stalled."""
    attempts: int = 4
    """Attempts at one mirror without progress."""
    pause: float = 1
    """Seconds before the second attempt; doubled before each one after."""


def fetch(mirrors: Sequence[str], target: Path, md5: str, patience: Patience | None = None) -> None:
    """Make `target` the file with checksum `md5`.

    A whole `target` is left alone. A transfer that breaks is resumed, in a later run as well, from
    `<target>.partial`; nothing stands under the final name that has not the right checksum. Proxies
    are those of the environment (http_proxy, https_proxy, no_proxy).

    Args:
        mirrors: addresses (http, https), tried in order.
        target: where the file goes; its folder is made when missing.
        md5: checksum in hexadecimal digits.
        patience: how long to wait for a server.

    Raises:
        StudyError: no mirror gave the file; the line says why, mirror by mirror.
        OSError: the disk is full or cannot be written.
    """
    if target.exists():
        if _md5(target) == md5:
            return
        log.warning("%s has a wrong checksum; fetching it anew", target)
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for url in mirrors:
        try:
            _from_mirror(url, target, md5, patience or Patience())
        except MirrorError as error:
            failed.append(f"{url}: {error}")
            log.warning("%s", failed[-1])
        else:
            return
    raise StudyError(
        f"no mirror gave {target.name} ({'; '.join(failed)}); try again later, or name a local "
        "archive (-S data.voc2007.archive=...)"
    )


def _from_mirror(url: str, target: Path, md5: str, patience: Patience) -> None:
    partial = target.with_name(f"{target.name}.partial")
    left, best = patience.attempts, _size(partial)
    while True:
        resumed = _size(partial) > 0
        try:
            _transfer(url, partial, patience)
        except TransferError as error:
            left = patience.attempts if _size(partial) > best else left
            left, best = left - 1, max(best, _size(partial))
            if not left:
                raise MirrorError(str(error)) from None
            log.warning("%s: %s; trying again", url, error)
            time.sleep(patience.pause * 2 ** (patience.attempts - 1 - left))
            continue
        if _md5(partial) == md5:
            partial.replace(target)
            return
        partial.unlink()
        if not resumed:
            raise MirrorError("sends a file with a wrong checksum")
        # The first part may have come from another mirror, and this one be right.
        log.warning("%s: wrong checksum after resuming; starting over", url)


def _transfer(url: str, partial: Path, patience: Patience) -> None:
    """Fetch what is missing of `partial`; it is whole when this returns, if the server is right."""
    have = _size(partial)
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=patience.timeout) as answer:
            if not _is_whole(answer, have, partial):
                resume = answer.status_code == requests.codes.partial_content
                mode = "ab" if resume else "wb"
                with about(partial), partial.open(mode) as file, _bar(answer, have) as bar:
                    for chunk in _chunks(answer, patience):
                        file.write(chunk)
                        bar.update(len(chunk))
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        if isinstance(error, ValueError):  # an address that cannot be understood
            raise MirrorError(" ".join(str(error).split())) from None
        raise TransferError(_reason(error, patience)) from None


def _is_whole(answer: requests.Response, have: int, partial: Path) -> bool:
    """Tell whether `have` bytes were all there is; raise when the answer is of no use."""
    status, place = answer.status_code, answer.headers.get("Content-Range", "")
    if status == requests.codes.requested_range_not_satisfiable and have:
        if re.fullmatch(rf"bytes \*/{have}", place):
            return True
        partial.unlink()
        raise TransferError(f"has no more than the {have} bytes that are here; starting over")
    if status in PASSING:
        raise TransferError(f"answers {status} {answer.reason}")
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise MirrorError(f"answers {status} {answer.reason}")
    if "html" in answer.headers.get("Content-Type", ""):
        raise MirrorError("sends a web page, not the file")
    if status == requests.codes.partial_content and not place.startswith(f"bytes {have}-"):
        partial.unlink(missing_ok=True)
        raise TransferError(f"sends {place or 'some part'} where byte {have} was asked for")
    return False


def _chunks(answer: requests.Response, patience: Patience) -> Iterator[bytes]:
    length = answer.headers.get("Content-Length")
    got = counted = 0
    since = time.monotonic()
    while chunk := answer.raw.read1(CHUNK, decode_content=False):
        yield chunk
        got += len(chunk)
        passed = time.monotonic() - since
        if passed > patience.timeout:
            if got - counted < patience.slowest * passed:
                raise TransferError(f"stalled: {got - counted} bytes in {passed:.0f} s")
            counted, since = got, since + passed
    if length and length.isdecimal() and got != int(length):
        raise TransferError(f"broke off after {got} of {length} bytes")


def _bar(answer: requests.Response, have: int) -> "tqdm[NoReturn]":
    length = answer.headers.get("Content-Length", "")
    resume = answer.status_code == requests.codes.partial_content
    start = have if resume else 0
    return tqdm(
        desc="fetch",
        initial=start,
        total=start + int(length) if length.isdecimal() else None,
        unit="B",
        unit_scale=True,
        disable=not sys.stderr.isatty(),
        leave=False,
    )


def _reason(error: Exception, patience: Patience) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return f"stalled: nothing came for {patience.timeout:g} s"
    cause: BaseException | None = error
    while cause:  # the operating system's own words, deep inside, say it best
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, http.client.IncompleteRead):
            return "the transfer broke off"
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
