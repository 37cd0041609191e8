"""What happens when the buttons of the page are pressed."""

from types import SimpleNamespace

import pytest
from photographs import arrays
from PIL import Image

gr = pytest.importorskip("gradio", reason="the extra `demo` is not installed")
if not hasattr(gr, "ImageSlider"):
    pytest.skip("an older Gradio than the extra `demo` asks for", allow_module_level=True)

from srcore.demo.choices import SHIPPED  # noqa: E402
from srcore.demo.page import Work  # noqa: E402


@pytest.fixture
def press(tmp_path):
    """Press a button in one tab: enter, stop or run."""
    work, request = Work({SHIPPED: None}, "cpu", tmp_path), SimpleNamespace(session_hash="tab")
    path = tmp_path / "photo.png"
    Image.fromarray(arrays()[2][:9, :8]).save(path)
    asked = str(path), SHIPPED, 2, False, False

    def pressed(button: str):
        if button == "run":
            return work.run(*asked, request, progress=lambda *_, **__: None)
        return getattr(work, button)(request)

    return pressed


def test_cancel_ends_work_that_waits_for_its_turn(press):
    press("enter")
    press("stop")
    with pytest.raises(gr.Error, match="stopped"):
        press("run")
    press("enter")
    assert press("run")[1].startswith("16 × 18 pixels in ")


def test_work_that_never_entered_is_done(press):
    """A program calls `run` alone."""
    assert press("run")[1].startswith("16 × 18 pixels in ")


def test_what_the_machine_refuses_is_one_line(press, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/tmp/a.png")

    monkeypatch.setattr("srcore.demo.page.enlarge_file", full)
    with pytest.raises(gr.Error, match=r"^'No space left on device \(/tmp/a\.png\)'$"):
        press("run")
