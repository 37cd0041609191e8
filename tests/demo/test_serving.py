"""`srcore demo` as a whole: in a browser, from its start to Ctrl-C."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import torch
from browser import executable
from photographs import arrays
from PIL import Image
from test_light import WITHOUT

LOCK_TIMEOUT = 120
ABSENT = "cuda" if torch.backends.mps.is_available() else "mps"
"""A device that this machine lacks."""


def test_a_missing_extra_is_named():
    code = WITHOUT.format(left={"gradio"})
    done = subprocess.run([sys.executable, "-c", code, "demo"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "error: gradio is not installed; it comes with the extra `demo`: in the project's folder, "
        'in an environment of its own, pip install ".[demo]"\n'
    )


@pytest.fixture
def served():
    """The address of a running demo, and its process."""
    gradio = pytest.importorskip("gradio", reason="the extra `demo` is not installed")
    if not hasattr(gradio, "ImageSlider"):
        pytest.skip("an older Gradio than the extra `demo` asks for")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "srcore", "demo", "--port", str(port), "--device", "cpu"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        assert process.stderr.readline() == f"http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGINT)  # killed, it would leave its folder behind
        process.wait(LOCK_TIMEOUT)
        process.stderr.close()


@pytest.mark.slow
def test_it_listens_to_this_machine_and_ends_at_once(served):
    address, process = served
    with urllib.request.urlopen(address, timeout=LOCK_TIMEOUT) as answer:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    listening = f"127.0.0.1:{address.rpartition(':')[2]}"
    again = [sys.executable, "-m", "srcore", "demo", "--port", listening.partition(":")[2]]
    done = subprocess.run(again, capture_output=True, text=True, timeout=LOCK_TIMEOUT)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --host 127.0.0.1 --port ")
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(LOCK_TIMEOUT) == 130
    assert time.monotonic() - start < 10


def answer(address: str, **parts) -> tuple[int, str]:
    """Status and text of what is answered to a request."""
    request = urllib.request.Request(address, **parts)
    try:
        with urllib.request.urlopen(request, timeout=LOCK_TIMEOUT) as answered:
            return answered.status, answered.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def enlarge(address: str, path: str) -> str:
    """What the page's API says of a file of that path."""
    image = {"path": path, "meta": {"_type": "gradio.FileData"}}
    data = json.dumps({"data": [image, "the package's own", 2, False, False]}).encode()
    call = f"{address}/gradio_api/call/enlarge"
    _, said = answer(call, data=data, headers={"Content-Type": "application/json"})
    return answer(f"{call}/{json.loads(said)['event_id']}")[1]


@pytest.mark.slow
def test_no_file_but_an_upload_is_read_and_no_other_machine_asked(served, tmp_path):
    address, _ = served
    Image.fromarray(arrays()[2][:9, :8]).save(tmp_path / "own.png")
    assert "event: error" in enlarge(address, str(tmp_path / "own.png"))
    assert "not uploaded by a user" in enlarge(address, str(tmp_path / "own.png"))
    for foreign in ("http://example.com/a.png", "https://huggingface.co/a.png"):
        assert "no other machine is asked for a file" in enlarge(address, foreign)
        assert answer(f"{address}/gradio_api/file={foreign}")[0] == 403
    assert answer(f"{address}/gradio_api/file={tmp_path / 'own.png'}")[0] == 403
    assert answer(address, headers={"Host": "evil.example"})[0] == 403
    listed = json.loads(answer(f"{address}/config")[1])["components"]
    (examples,) = (part for part in listed if part["type"] == "dataset")
    own = examples["props"]["samples"][0][0]["path"]
    assert "event: complete" in enlarge(address, own)


@pytest.mark.slow
def test_it_leaves_no_file_when_it_is_asked_to_end(served, tmp_path):
    address, process = served
    listed = json.loads(answer(f"{address}/config")[1])["components"]
    (examples,) = (part for part in listed if part["type"] == "dataset")
    sample = Path(examples["props"]["samples"][0][0]["path"])
    assert sample.is_file()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LOCK_TIMEOUT) == 130
    assert not sample.exists()
    assert not sample.parent.parent.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "a..b"], "error: --host a..b: no name of a host; give an address or a name"),
        (["--device", ABSENT], f"error: --device {ABSENT}: not on this machine; use auto or cpu"),
    ],
)
def test_what_cannot_be_served_is_one_line(served, options, said):
    done = subprocess.run(
        [sys.executable, "-m", "srcore", "demo", "--port", "7999", *options],
        capture_output=True,
        text=True,
        timeout=LOCK_TIMEOUT,
    )
    assert (done.returncode, done.stderr) == (1, said + "\n")


@pytest.mark.slow
def test_an_image_is_enlarged_in_a_browser(served, tmp_path):
    sync = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = executable()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    address, _ = served
    Image.fromarray(arrays()[2][:60, :81]).save(tmp_path / "photo.jpg")
    asked, said = [], []
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        page.locator("input[type=file]").first.set_input_files(tmp_path / "photo.jpg")
        page.get_by_role("button", name="Remove Image").wait_for()
        page.locator("#start").click()
        page.wait_for_function("document.querySelector('#outcome textarea').value")
        assert page.locator("#outcome textarea").input_value().startswith("324 × 240 pixels in ")
        box = page.locator("#slider").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] - 60, middle[1])
        page.mouse.up()
        with page.expect_download() as download:
            page.locator("#download").click()
        made = download.value.path().read_bytes()
        assert download.value.suggested_filename == "photo.x4.jpg"
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    command = ["upscale", str(tmp_path / "photo.jpg"), "--device", "cpu"]
    subprocess.run([sys.executable, "-m", "srcore", *command], check=True)
    assert made == (tmp_path / "photo.x4.jpg").read_bytes()
    foreign = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert foreign == []
    assert said == []
