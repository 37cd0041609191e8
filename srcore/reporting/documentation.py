"""What the docs say of models and stages, written from the tables and files that decide it.

`make docs` writes every generated part anew, and a test fails while one of them is stale.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from ruamel.yaml import YAML

from srcore.common.errors import StudyError
from srcore.common.stage import main
from srcore.features.extractor import load_extractor
from srcore.images.formats.format import PARTS, Format
from srcore.images.formats.table import FORMATS
from srcore.metrics import cost
from srcore.models.registry import MODELS, SETS, model_class
from srcore.params import load_params, reference

STUDY, TRAINING = Path("dvc.yaml"), Path("stages/dvc.yaml")
WIDTH = 100
"""Columns of a generated line of YAML."""
SIDE = 72
"""Side of the low-resolution image that costs are counted for."""

Edges = set[tuple[str, str]]


def networks() -> str:
    """The table of networks in README.md."""
    lines = ["| model | idea | trainable parameters | frozen parameters | MACs per image |"]
    lines.append("|---|---|---|---|---|")
    for name in SETS["all"]:
        model = model_class(name)()
        kind = model.frozen
        extractor = load_extractor(kind, "random", torch.device("cpu")) if kind else None
        macs = cost.macs(model, extractor, SIDE) / 1e9
        frozen = f"{cost.frozen_parameters(extractor):,}" if extractor else "–"
        trained = f"{cost.parameters(model):,}"
        lines.append(f"| `{name}` | {model.idea} | {trained} | {frozen} | {macs:.2f} G |")
    return "\n".join(lines)


def drawing() -> str:
    """The stages as a Mermaid chart; an arrow that other arrows imply is left out."""
    edges, asked = _without_implied(_edges()), _only_when_asked()
    targets: defaultdict[str, list[str]] = defaultdict(list)
    order = list(_stages())
    for source, target in sorted(edges, key=lambda edge: tuple(map(order.index, edge))):
        targets[source].append(target)
    lines = ["```mermaid", "flowchart TD"]
    for dotted in (False, True):
        arrows: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for source, found in targets.items():
            if part := tuple(name for name in found if (name in asked) == dotted):
                arrows[part].append(source)
        arrow = "-.->" if dotted else "-->"
        lines += [f"  {' & '.join(s)} {arrow} {' & '.join(t)}" for t, s in arrows.items()]
    return "\n".join([*lines, "```"])


def members(chosen: str) -> str:
    """The dependencies of the stage that gathers a model set, as a flow list of YAML."""
    items = [*_declared(chosen), *(f"data/models/{name}" for name in SETS[chosen])]
    lines = [f"    deps: [{items[0]}"]
    for item in items[1:]:
        if len(lines[-1]) + len(item) + 3 > WIDTH:
            lines[-1] += ","
            lines.append(f"      {item}")
        else:
            lines[-1] += f", {item}"
    return "\n".join(lines) + "]"


def order_of_curves() -> str:
    """The order of the models in `dvc plots show`, as Vega has it."""
    return f"indexof([{', '.join(repr(name) for name in MODELS)}], datum.model)"


def kept() -> str:
    """The table of docs/upscale.md: what each format that is written holds."""
    lines = ["| | " + " | ".join(FORMATS) + " |", "|---" * (len(FORMATS) + 1) + "|"]
    facts: dict[str, Callable[[Format], bool]] = {
        "16 bits per channel": lambda kind: kind.wide,
        "transparency": lambda kind: kind.alpha,
        "grey as one channel": lambda kind: kind.grey,
        **{called: lambda kind, part=part: part in kind.holds for part, called in PARTS.items()},
        "written a band of rows at a time": lambda kind: kind.by_rows,
    }
    for called, holds in facts.items():
        cells = ("yes" if holds(kind) else "" for kind in FORMATS.values())
        lines.append(f"| {called} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def generated() -> Iterator[tuple[Path, str, Callable[[], str]]]:
    """File, pattern of its generated part, and what belongs there.

    A pattern's first and last group are kept, so that marks around the part stay.
    """
    yield Path("README.md"), _marked("networks"), networks
    yield Path("docs/pipeline.md"), _marked("drawing"), drawing
    yield Path("docs/upscale.md"), _marked("kept"), kept
    yield (
        Path(".dvc/plots/training.json"),
        r"()indexof\(\[[^]]*\], datum\.model\)()",
        order_of_curves,
    )
    for chosen in SETS:
        yield (
            TRAINING,
            rf"(  train_{chosen}:.*?\n)    deps: \[.*?\](\n)",
            lambda c=chosen: members(c),
        )


def write(root: Path = Path()) -> list[Path]:
    """Bring every generated part up to date; gives the files that were stale.

    Raises:
        StudyError: a file has lost the marks of its generated part.
    """
    stale: list[Path] = []
    for path, pattern, part in generated():
        text = (root / path).read_text(encoding="utf-8")
        if not re.search(pattern, text, flags=re.DOTALL):
            raise StudyError(
                f"{path}: no place for what is generated; restore it: git restore {path}"
            )
        content = part()
        new = re.sub(pattern, lambda m, c=content: m[1] + c + m[2], text, count=1, flags=re.DOTALL)
        if new != text:
            stale.append(path)
            (root / path).write_text(new, encoding="utf-8")
    parameters = root / "docs/parameters.md"
    new = "\n".join(reference.lines(load_params(root / "params.yaml"))).rstrip("\n") + "\n"
    if new != parameters.read_text(encoding="utf-8"):
        stale.append(Path("docs/parameters.md"))
        parameters.write_text(new, encoding="utf-8")
    return stale


def _declared(chosen: str) -> list[str]:
    """What a gathering stage depends on beside its members, as it stands there."""
    deps: list[str] = _stages()[f"train_{chosen}"]["deps"]
    return [dep for dep in deps if not dep.startswith("data/models/")]


def _marked(name: str) -> str:
    return rf"(<!-- {name}: make docs -->\n).*?(\n<!-- {name}: end -->)"


def _stages() -> dict[str, Any]:
    """Name of a stage → the stage, of both files."""
    yaml = YAML(typ="safe")
    return {**yaml.load(STUDY)["stages"], **yaml.load(TRAINING)["stages"]}


def _edges() -> Edges:
    """Which stage reads what which stage writes, with `model: all`."""
    stages = _stages()
    writer = {
        out if isinstance(out, str) else next(iter(out)): name
        for name, stage in stages.items()
        for out in stage["outs"]
    }
    return {
        (writer[dep], name)
        for name, stage in stages.items()
        for dep in (item.replace("${model}", "all") for item in stage["deps"])
        if dep in writer
    }


def _reachable(edges: Edges, start: str) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        new = {target for source, target in edges if source == here} - found
        found |= new
        ahead += new
    return found


def _without_implied(edges: Edges) -> Edges:
    return {
        (source, target)
        for source, target in edges
        if not any(target in _reachable(edges, other) for s, other in edges if s == source)
    }


def _only_when_asked() -> set[str]:
    """Stages that a plain `dvc repro` leaves alone."""
    study = set(YAML(typ="safe").load(STUDY)["stages"])
    edges = _edges()
    return {name for name in _stages() if not (_reachable(edges, name) | {name}) & study}


def _run() -> None:
    stale = write()
    for path, _ in groupby(stale):
        sys.stderr.write(f"{path}: rewritten\n")


if __name__ == "__main__":
    main(_run)
