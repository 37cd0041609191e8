"""The demo answers requests to this machine alone. Gradio is not needed for that."""

import asyncio
import socket

import pytest

from srcore.demo.guard import Guard


async def site(scope, receive, send):
    """Something that answers every request."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


def asked(listening: str, host: str | None, origin: str | None = None, kind: str = "http"):
    """What is sent back to a request that was sent to that host."""
    said = []

    async def send(message):
        said.append(message)

    given = ((b"host", host), (b"origin", origin))
    headers = [(name, value.encode()) for name, value in given if value is not None]
    asyncio.run(Guard(site, listening)({"type": kind, "headers": headers}, None, send))
    return said


@pytest.mark.parametrize(
    ("listening", "host"),
    [
        ("127.0.0.1", "127.0.0.1:7860"),
        ("127.0.0.1", "localhost:7860"),
        ("127.0.0.1", "LOCALHOST"),
        ("127.0.0.1", "[::1]:7860"),
        ("::1", "[::1]:7860"),
        ("192.168.1.5", "192.168.1.5:7860"),
        ("Studio.example", "studio.example:80"),
        ("0.0.0.0", "192.168.1.5:7860"),
        ("::", "[fe80::1]:7860"),
    ],
)
def test_requests_to_this_machine_are_answered(listening, host):
    start, body = asked(listening, host, origin=f"http://{host}")
    assert (start["status"], body["body"]) == (200, b"page")
    assert dict(start["headers"])[b"content-security-policy"].startswith(b"default-src 'self'")


@pytest.mark.parametrize("listening", ["127.0.0.1", "192.168.1.5", "0.0.0.0"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "[", "", "a@b:x", None],
)
def test_a_foreign_host_is_refused(listening, host):
    start, body = asked(listening, host)
    assert start["status"] == 403
    assert body["body"] == b"this server is not of that name"


def test_another_address_is_refused_unless_all_are_listened_at():
    assert asked("127.0.0.1", "192.168.1.5:7860")[0]["status"] == 403


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://evil.example:7860",
        "http://203.0.113.5",
        "http://127.0.0.1:8888",
        "http://127.0.0.1",
        "http://localhost:7860",
        "http://[::1",
        "",
    ],
)
def test_a_page_of_another_server_is_refused(listening, origin):
    """Another port of this machine, and an address without a name, are other servers, too."""
    start, body = asked(listening, "127.0.0.1:7860", origin)
    assert start["status"] == 403
    assert body["body"] == b"asked by a page of another site"


def test_every_name_of_this_machine_is_its_own_where_all_addresses_are_listened_at():
    name = socket.gethostname()
    assert asked("0.0.0.0", name, f"http://{name}")[0]["status"] == 200
    assert asked("127.0.0.1", name)[0]["status"] == 403


def test_no_page_shows_it_in_a_frame():
    start, _ = asked("127.0.0.1", "127.0.0.1:7860")
    assert b"frame-ancestors 'none'" in dict(start["headers"])[b"content-security-policy"]


def test_a_request_without_headers_is_refused():
    said = []

    async def send(message):
        said.append(message)

    asyncio.run(Guard(site, "127.0.0.1")({"type": "http"}, None, send))
    assert said[0]["status"] == 403


def test_a_foreign_websocket_is_closed():
    (said,) = asked("127.0.0.1", "evil.example", kind="websocket")
    assert (said["type"], said["code"]) == ("websocket.close", 1008)


def test_what_is_no_request_passes():
    assert asked("127.0.0.1", None, kind="lifespan")[0]["status"] == 200
