"""The docs agree with the project: their commands, their drawings, their figures, their links."""

import re
from itertools import pairwise, product
from pathlib import Path

import pytest
import torch
import yaml

from srcore import cost
from srcore.frozen.extractor import load_extractor
from srcore.models import SETS, model_class

FILES = ("dvc.yaml", "stages/dvc.yaml")
DOCS = sorted(Path(__file__).parents[1].glob("docs/*.md"))
TOP = [Path(__file__).parents[1] / name for name in ("README.md", "CONTRIBUTING.md")]

Edges = set[tuple[str, str]]


def drawn(text: str) -> Edges:
    """The arrows of a flowchart: `a & b --> c --> d` has three."""
    (chart,) = re.findall(r"```mermaid\nflowchart TD\n(.*?)```", text, flags=re.DOTALL)
    edges: Edges = set()
    for line in chart.splitlines():
        ends = [part.split(" & ") for part in re.split(r" --> | -\.-> ", line.strip())]
        for sources, targets in pairwise(ends):
            edges |= set(product(sources, targets))
    return edges


def of_the_files(root: Path) -> Edges:
    """Which stage reads what which stage writes, with the values of params.yaml."""
    model = yaml.safe_load((root / "params.yaml").read_text())["model"]
    stages = {}
    for file in FILES:
        stages |= yaml.safe_load((root / file).read_text())["stages"]
    writer = {
        out if isinstance(out, str) else next(iter(out)): name
        for name, stage in stages.items()
        for out in stage["outs"]
    }
    return {
        (writer[dep], name)
        for name, stage in stages.items()
        for dep in (item.replace("${model}", model) for item in stage["deps"])
        if dep in writer
    }


def reach(edges: Edges, start: str) -> set[str]:
    """What can be reached from a stage."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        new = {target for source, target in edges if source == here} - found
        found |= new
        ahead += new
    return found


def without_implied(edges: Edges) -> Edges:
    """The same graph without arrows that go the way of others."""
    return {
        (source, target)
        for source, target in edges
        if not any(target in reach(edges, way) for s, way in edges if s == source)
    }


def test_the_drawn_pipeline_is_that_of_the_files(root):
    found = without_implied(of_the_files(root))
    assert drawn((root / "docs/pipeline.md").read_text()) == found


def test_every_stage_is_in_the_table(root):
    rows = re.findall(r"^\| (`.*?) \|", (root / "docs/pipeline.md").read_text(), flags=re.MULTILINE)
    named = set(re.findall(r"`([\w<>]+)`", " ".join(rows)))
    for file in FILES:
        for stage in yaml.safe_load((root / file).read_text())["stages"]:
            assert stage in named or re.sub("train_.*", "train_<model>", stage) in named, stage


NETWORKS = re.findall(
    r"^\| `(\w+)` .*\| ([\d,]+) \| ([\d.]+) G \|$", TOP[0].read_text(), flags=re.MULTILINE
)
"""Model, parameters and MACs, as README.md tells them."""


def test_the_readme_lists_the_models_of_the_study(root):
    assert [name for name, _, _ in NETWORKS] == list(SETS["all"])


@pytest.mark.parametrize(("name", "parameters", "macs"), NETWORKS)
def test_the_readme_tells_what_a_network_costs(name, parameters, macs):
    network = model_class(name)()
    kind = network.frozen
    extractor = load_extractor(kind, "random", torch.device("cpu")) if kind else None
    assert f"{cost.parameters(network):,}" == parameters
    assert f"{cost.macs(network, extractor, 72) / 1e9:.2f}" == macs


def headings(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("file", [*TOP, *DOCS], ids=lambda file: file.name)
def test_every_link_leads_somewhere(file):
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
        if re.match("https?:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path) if path else file
        assert found.exists(), target
        assert not anchor or anchor in headings(found.read_text()), target


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_the_readme_leads_to_every_page(file):
    assert f"(docs/{file.name})" in "".join(path.read_text() for path in TOP)
