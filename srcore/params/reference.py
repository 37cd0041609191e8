"""Every parameter as a table: `make parameters` prints docs/parameters.md.

What may stand in params.yaml is read off the types of `srcore.params.schema`, so a parameter that
is added there needs nothing here.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from srcore.common.stage import main
from srcore.params import Params, load_params

INTRODUCTION = """\
Printed by `make parameters` from the types in `srcore/params/schema.py` and the values in
[params.yaml](../params.yaml). Change a value there, or for one experiment with
`dvc exp run -S train.lr=0.0005`. If a value is not allowed, the first stage, `check`, stops with
one line that says so, before any work begins. A path that is empty, or that is one of the project's
own folders, is refused by DVC itself, in its own words.
"""

KINDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "string": "text",
}
LONGEST = 40
"""Letters of a list that is written out."""


def lines(params: Params) -> Iterator[str]:
    """docs/parameters.md."""
    schema, values = Params.model_json_schema(), params.model_dump()
    yield "# Parameters"
    yield ""
    yield from INTRODUCTION.split("\n")
    yield from _table(schema, schema["$defs"], values, "")


def allowed(field: Mapping[str, Any]) -> str:
    """What a field takes, in words, from its JSON schema."""
    if "enum" in field:
        return _either([f"`{word}`" for word in field["enum"]])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return _either([allowed(kind) for kind in field["anyOf"]]) + _bounds(field)
    if field.get("format") == "path":
        return "a path that exists"
    if field["type"] == "array":
        least, most = field.get("minItems", 0), field.get("maxItems")
        count = f" of {least}" if least == most else f" of {least} or more" if least else ""
        return f"list{count}: {allowed(field['items'])}"
    pattern = f" of the form `{field['pattern']}`" if "pattern" in field else ""
    return KINDS[field["type"]] + pattern + _bounds(field)


def _table(
    group: Mapping[str, Any], groups: Mapping[str, Any], values: Mapping[str, Any], prefix: str
) -> Iterator[str]:
    """The fields of a group, then the groups within it."""
    inner = {name: groups[_target(f)] for name, f in group["properties"].items() if "$ref" in f}
    own = {name: field for name, field in group["properties"].items() if name not in inner}
    yield f"## {f'`{prefix}`' if prefix else 'At the top'}"
    yield ""
    if prefix:
        yield group["description"]
        yield ""
    if own:
        yield "| key | takes | in params.yaml | meaning |"
        yield "|---|---|---|---|"
    dot = "." if prefix else ""
    for name, field in own.items():
        cells = [f"`{prefix}{dot}{name}`", allowed(field), _value(values[name])]
        yield "| " + " | ".join(_cell(c) for c in [*cells, field["description"]]) + " |"
    if own:
        yield ""
    for name, below in inner.items():
        yield from _table(below, groups, values[name], f"{prefix}{dot}{name}")


def _target(field: Mapping[str, str]) -> str:
    return field["$ref"].rpartition("/")[2]


def _bounds(field: Mapping[str, Any]) -> str:
    """The bounds of a number; those of a union stand beside it under their short names."""
    least = field.get("minimum", field.get("ge"))
    above = field.get("exclusiveMinimum", field.get("gt"))
    most = field.get("maximum", field.get("le"))
    below = field.get("exclusiveMaximum", field.get("lt"))
    if least is not None and most is not None:
        return f", {least:,} to {most:,}"
    ends = [
        f"{least:,} or more" if least is not None else "",
        f"above {above:,}" if above is not None else "",
        f"{most:,} at most" if most is not None else "",
        f"below {below:,}" if below is not None else "",
    ]
    return "".join(f", {end}" for end in ends if end)


def _either(words: list[str]) -> str:
    last = "; or " if "," in words[0] else " or "
    return last.join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _value(value: object) -> str:
    """A value as params.yaml writes it; of a long list only how long it is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = f"{value:.12g}" if isinstance(value, float) else text
    if isinstance(value, list) and len(text) > LONGEST:
        return f"{len(value)} entries"
    return f"`{text}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _run() -> None:
    text = "\n".join(lines(load_params()))
    sys.stdout.write(text.rstrip("\n") + "\n")


if __name__ == "__main__":
    main(_run)
