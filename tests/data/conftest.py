from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from srcore.params import Params


@pytest.fixture
def settings(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Params]:
    """Params of the project's own params.yaml, with some keys ("data.limit") set otherwise."""
    monkeypatch.chdir(root)

    def make(**changes: Any) -> Params:
        values = YAML(typ="safe").load(root / "params.yaml")
        for key, value in changes.items():
            *groups, last = key.split("__")
            place = values
            for group in groups:
                place = place[group]
            place[last] = value
        return Params.model_validate(values)

    return make
