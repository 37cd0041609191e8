"""What is wrong with a parameter file, in one line: key, value, what is allowed, what was meant."""

import re
import reprlib
import types
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from srcore.common.text import LONGEST_NAME, printable
from srcore.params.nearest import nearest
from srcore.params.schema import Params

UNDO = "; after a refused -S, `git restore params.yaml` undoes it"

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = LONGEST_NAME
_short.maxlist = _short.maxdict = 12


def one_line(error: ValidationError) -> str:
    """The first mistake, and how many more there are."""
    errors = error.errors()
    # An unknown key explains the missing one beside it, so it is reported first.
    first = min(errors, key=lambda item: item["type"] != "extra_forbidden")
    # What is unknown may be called as the kinds of a union are.
    is_unknown = first["type"] == "extra_forbidden"
    where = tuple(map(str, first["loc"])) if is_unknown else _place(first["loc"])
    key, value = printable(".".join(where), LONGEST_NAME), first.get("input")
    others = len({_place(item["loc"]) for item in errors}) - 1
    undo = f" (and {others} more)" if others else ""
    undo += UNDO
    match first["type"]:
        case "extra_forbidden":
            return f"{key} is not a parameter{_known_near(where)}{undo}"
        case "missing":
            return f"{key} is missing{undo}"
        case "value_error":
            text = str(first["msg"]).removeprefix("Value error, ")
            shown = printable(" ".join(str(value).split()), LONGEST_NAME)
            return f"{key} = {shown}: {text}{undo}" if key else f"{text}{undo}"
        case _:  # the kinds of a union (a count or a share) each give an error of their own
            kinds = [str(item["msg"]) for item in errors if _place(item["loc"]) == where]
            text = " or ".join(dict.fromkeys(kinds)).replace(" or Input should be", " or")
            allowed = re.findall("'([^']*)'", text) if first["type"] == "literal_error" else []
            shown = _short.repr(value)
            hint = nearest(printable(str(value), LONGEST_NAME), allowed) if allowed else ""
            return f"{key} = {shown}: {text[0].lower()}{text[1:]}{hint}{undo}"


def _place(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in loc if part not in ("int", "float"))


def _known_near(where: tuple[str, ...]) -> str:
    """What may stand where an unknown key stood, and which key may have been meant."""
    fields = _names(_group(where[:-1]))
    hint = nearest(where[-1][:LONGEST_NAME], fields)
    elsewhere = [name for name in _names(Params, deep=True) if name.split(".")[-1] == where[-1]]
    if not hint and elsewhere:
        hint = f"; did you mean {elsewhere[0]!r}?"
    return f"{hint or ';'} known here: {', '.join(fields)}"


def _group(where: tuple[str, ...]) -> type[BaseModel]:
    group: type[BaseModel] = Params
    for part in where:
        annotation = cast("Any", group.model_fields[part].annotation)
        if isinstance(annotation, types.UnionType):
            annotation = get_args(annotation)[0]
        group = annotation
    return group


def _names(group: type[BaseModel], deep: bool = False) -> list[str]:
    names = list(group.model_fields)
    for name, field in group.model_fields.items():
        inner = cast("Any", field.annotation)
        if deep and isinstance(inner, type) and issubclass(inner, BaseModel):
            names += [f"{name}.{below}" for below in _names(inner, deep=True)]
    return names
