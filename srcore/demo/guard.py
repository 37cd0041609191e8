"""Who may ask the server for what: requests to this server alone, and no address of others."""

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Server = Callable[[Message, Receive, Send], Awaitable[None]]
"""An application as a server of ASGI calls it: what is asked, where more comes from and goes to."""

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'"
)
"""A browser asks no other host, whatever Gradio's page names."""
LOCAL = ("localhost", "127.0.0.1", "::1")
EVERY = ("0.0.0.0", "::")  # noqa: S104  # compared with what the user asked for
"""Addresses that stand for all of a machine's."""


class Guard:
    """Refuses requests that were not meant for this server, and adds the policy to every answer.

    A page of another site can have a browser send requests here under that site's name, when its
    name is made to stand for this machine (DNS rebinding). Such a request says so in `Host`.
    Starlette's TrustedHostMiddleware has no pattern for any address, as `--host 0.0.0.0` needs it,
    and does not look at `Origin`.

    Args:
        app: what answers the other requests.
        host: the address that is listened at.
    """

    def __init__(self, app: Server, host: str) -> None:
        self._app = app
        self._host = host.lower()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                header = (b"content-security-policy", POLICY.encode())
                message["headers"] = [*message["headers"], header]
            await send(message)

        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, receive, with_policy)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refused})
        else:
            headers = [(b"content-type", b"text/plain")]
            start = {"type": "http.response.start", "status": 403, "headers": headers}
            await with_policy(start)
            await send({"type": "http.response.body", "body": refused.encode()})

    def _refused(self, scope: Message) -> str | None:
        """Why a request is not answered; None when it is."""
        headers = dict[bytes, bytes](scope.get("headers", ()))
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_own(host):
            return "this server is not of that name"
        origin = headers.get(b"origin")
        # Another port of this machine is another server, too.
        if origin is not None and origin.decode("latin-1").lower().partition("://")[2] != host:
            return "asked by a page of another site"
        return None

    def _is_own(self, host: str) -> bool:
        """Whether a host, perhaps with a port, is this server."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in (self._host, *LOCAL):
            return True
        return self._host in EVERY and (_is_address(name) or name == socket.gethostname().lower())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
