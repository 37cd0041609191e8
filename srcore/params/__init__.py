"""Every hyperparameter of the study: read from params.yaml, typed, and checked before any work."""

from pathlib import Path

from pydantic import ValidationError

from srcore.common.errors import StudyError
from srcore.common.yaml import read_yaml
from srcore.params.mistakes import one_line
from srcore.params.schema import Params

__all__ = ["Params", "load_params"]


def load_params(path: str | Path = "params.yaml") -> Params:
    """Read and check a parameter file.

    Raises:
        StudyError: one line with key, value and what is allowed, for the first mistake found.
    """
    try:
        values = read_yaml(Path(path))
    except FileNotFoundError:
        raise StudyError(f"{path} is missing; run from the top folder of the project") from None
    if not isinstance(values, dict):
        raise StudyError(f"{path} holds no keys; restore it with `git restore {path}`")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise StudyError(f"{path}: {one_line(error)}") from None
