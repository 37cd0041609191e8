"""data/compare/index.json: the images that were chosen, and the files that show them."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.evaluation.tables import REMEDY
from srcore.metrics.table import METRICS
from srcore.models.scales import OUTPUTS


def _known(*names: str) -> AfterValidator:
    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"is none of {', '.join(names)}")
        return name

    return AfterValidator(check)


class Part(BaseModel):
    """A part of the file, nothing of which is converted; what it has beside these is left."""

    model_config = ConfigDict(frozen=True, strict=True)


class View(Part):
    """What one method made of an image, or the target: its file, label and figures."""

    method: str
    label: str
    file: str
    weights: str = ""
    figures: dict[Annotated[str, _known(*METRICS)], FiniteFloat] = {}


class Place(Part):
    """The square that is shown enlarged, in fractions of the image's side."""

    x: FiniteFloat
    y: FiniteFloat
    size: FiniteFloat


class Chosen(Part):
    """One image: the file of its low resolution, and what there is of it at each size."""

    id: str
    name: str
    detail: Place
    low: str
    outputs: dict[Annotated[str, _known(*OUTPUTS)], Annotated[list[View], Field(min_length=1)]] = (
        Field(min_length=1)
    )


class Index(Part):
    """Every chosen image, as `srcore.evaluation.examples` wrote them."""

    images: list[Chosen]


def read_index(path: Path) -> Index:
    """Read it.

    Raises:
        StudyError: it is missing or damaged.
    """
    value = read_json(path)
    try:
        return Index.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "all of it"
        raise StudyError(f"{path}: damaged ({place}: {first['msg']}); {REMEDY}") from None
