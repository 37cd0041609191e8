"""`srcore demo` as a whole: in a browser, from its start to Ctrl-C."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from browser import executable
from photographs import arrays
from PIL import Image
from test_light import WITHOUT

PATIENCE = 120


def test_a_missing_extra_is_named():
    code = WITHOUT.format(left={"gradio"})
    done = subprocess.run([sys.executable, "-c", code, "demo"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "error: gradio is not installed; it comes with the extra `demo`: in the project's folder, "
        'pip install ".[demo]"\n'
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
        process.wait(PATIENCE)
        process.stderr.close()


@pytest.mark.slow
def test_it_listens_to_this_machine_and_ends_at_once(served):
    address, process = served
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    listening = f"127.0.0.1:{address.rpartition(':')[2]}"
    again = [sys.executable, "-m", "srcore", "demo", "--port", listening.partition(":")[2]]
    done = subprocess.run(again, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --host 127.0.0.1 --port ")
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert time.monotonic() - start < 10


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
