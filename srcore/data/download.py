"""Fetch a large file from the first of several mirrors that has it, resuming what broke off."""

import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.reading import open_regular
from srcore.common.text import redacted
from srcore.data.transfer import MirrorError, RetryPolicy, TransferError, size_of, transfer

log = logging.getLogger(__name__)

PROGRESS = 1 << 14
"""Bytes that make an attempt one with progress: a byte a time must not keep us for ever."""
ALGORITHMS = {32: "md5", 64: "sha256"}
"""Digits of a checksum → what it is."""


def fetch(
    mirrors: Sequence[str],
    target: Path,
    checksum: str,
    retry: RetryPolicy | None = None,
    otherwise: str = "",
) -> None:
    """Make `target` the file with this checksum.

    A whole `target` is left alone. A transfer that breaks is resumed, in a later run as well, from
    `<target>.partial`; nothing stands under the final name that has not the right checksum. Of
    several processes that want one file, the first fetches it and the others wait. Proxies
    are those of the environment (http_proxy, https_proxy, no_proxy). User names, passwords and what
    follows a ? in an address are never shown.

    Args:
        mirrors: addresses (http, https), tried in order.
        target: where the file goes; its folder is made when missing.
        checksum: MD5 or SHA-256 in hexadecimal digits.
        retry: when to try again, and when to give up.
        otherwise: what the user may do instead, as the end of the message.

    Raises:
        StudyError: no mirror gave the file; the line says why, mirror by mirror.
        OSError: the disk is full or cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # NFS locks no folder
            fcntl.flock(folder, fcntl.LOCK_EX)  # two processes would write one partial file
        _fetch(mirrors, target, checksum, retry or RetryPolicy(), otherwise)
    finally:
        os.close(folder)


def _fetch(
    mirrors: Sequence[str], target: Path, checksum: str, retry: RetryPolicy, otherwise: str
) -> None:
    if target.exists():
        if digest_of(target, ALGORITHMS[len(checksum)]) == checksum:
            return
        log.warning("%s has a wrong checksum; downloading it again", target)
        target.unlink()
    until = time.monotonic() + retry.total
    failed: list[str] = []
    for url in mirrors:
        try:
            _from_mirror(url, target, checksum, retry, until)
        except MirrorError as error:
            failed.append(f"{redacted(url)}: {redacted(str(error))}")
            log.warning("%s", failed[-1])
        else:
            return
    remedy = f"try again later{', or ' if otherwise else ''}{otherwise}"
    raise StudyError(f"no mirror gave {target.name} ({'; '.join(failed)}); {remedy}")


def _from_mirror(url: str, target: Path, checksum: str, retry: RetryPolicy, until: float) -> None:
    partial = target.with_name(f"{target.name}.partial")
    left, best = retry.attempts, size_of(partial)
    for attempt in range(retry.max_attempts):
        resumed = size_of(partial) > 0
        try:
            transfer(url, partial, retry, until)
        except TransferError as error:
            left = retry.attempts if size_of(partial) >= best + PROGRESS else left
            left, best = left - 1, max(best, size_of(partial))
            if not left or attempt == retry.max_attempts - 1:
                raise MirrorError(str(error)) from None
            log.warning("%s: %s; trying again", redacted(url), redacted(str(error)))
            time.sleep(retry.pause * 2 ** (retry.attempts - 1 - left))
            continue
        if digest_of(partial, ALGORITHMS[len(checksum)]) == checksum:
            partial.replace(target)
            return
        partial.unlink()
        if not resumed:
            raise MirrorError("sends a file with a wrong checksum")
        # The first part may have come from another mirror, and this one be right.
        log.warning("%s: wrong checksum after resuming; starting over", redacted(url))
    raise MirrorError("sends a file with a wrong checksum, again and again")


def digest_of(path: Path, algorithm: str) -> str:
    """Checksum of a file in hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()
