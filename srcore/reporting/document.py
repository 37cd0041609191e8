"""What every page shares: templates, style, a policy that lets nothing else load, images within."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from srcore.common.errors import StudyError

PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
"""How every whole PNG file begins and ends."""


def environment() -> Environment:
    """The templates of all pages; what is put into them is escaped."""
    return Environment(
        loader=PackageLoader("srcore.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def policy(style: str, script: str | None = None) -> str:
    """Nothing but this very style, this very script and embedded images may load or run."""
    run = f"script-src '{_digest(script)}'; " if script is not None else ""
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
        f"{run}base-uri 'none'; form-action 'none'"
    )


def source(pages: Environment, name: str) -> Markup:
    """A file beside the templates as it is: no page escapes it, and `policy` allows it."""
    assert pages.loader is not None
    return Markup(pages.loader.get_source(pages, name)[0])  # noqa: S704 (our own file)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embedded(path: Path, remedy: str) -> str:
    """A PNG file as an address that holds it.

    Args:
        path: the file.
        remedy: what to do when it cannot be used, as a part of the message.

    Raises:
        StudyError: it is missing or damaged.
    """
    try:
        image = path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; {remedy}") from None
    if not image.startswith(PNG_START) or not image.endswith(PNG_END):
        raise StudyError(f"{path}: damaged; {remedy}")
    return "data:image/png;base64," + base64.b64encode(image).decode()
