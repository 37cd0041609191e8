"""What `dvc plots show` and `diff` draw: every plot, every revision, by our own templates."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from tiny import CPU, noisy_network, tiny_linear, tiny_scenes

from srcore.common.tables import write_table
from srcore.evaluation.beside_report import training_curves
from srcore.evaluation.held_out import evaluate_images
from srcore.evaluation.methods import by_method

ROOT = Path(__file__).parents[2]

PLOTS = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
CHARTS = {name: chart for plot in PLOTS if isinstance(plot, dict) for name, chart in plot.items()}
IMAGES = [plot for plot in PLOTS if isinstance(plot, str)]
DVC = [sys.executable, "-m", "dvc"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Path:
    """plots/ as the evaluation leaves it."""
    folder = tmp_path_factory.mktemp("tables")
    data = tiny_scenes()
    networks = [noisy_network(name) for name in ("basic", "multi", "vgg")]
    table = evaluate_images(networks, tiny_linear(), data, np.arange(5), CPU)
    write_table(folder / "images.csv", table)
    write_table(folder / "methods.csv", by_method(table, networks, data.sizes[0]))
    lines = [
        {"model": name, "seed": 0, "epoch": epoch, "output": "mid", "loss": 0.05, "psnr": 20.0,
         "criterion": "l1", "inverse_psnr": 0.04}
        for name in ("basic", "multi", "vgg")
        for epoch in (1, 2)
    ]  # fmt: skip
    cards = [network.card for network in networks]
    curves = training_curves(pd.DataFrame(lines), ROOT / "data/report_losses.csv", cards)
    write_table(folder / "training.csv", curves)
    return folder


@pytest.fixture(scope="module")
def study(tables, tmp_path_factory) -> Path:
    """A repository with two revisions of the plots: HEAD, and the work tree with other figures."""
    root = tmp_path_factory.mktemp("study")
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, root / name)
    (root / ".dvc").mkdir()
    shutil.copytree(ROOT / ".dvc/plots", root / ".dvc/plots")
    shutil.copy(ROOT / ".dvc/config", root / ".dvc/config")
    shutil.copytree(tables, root / "plots")
    for path in IMAGES:
        Image.new("RGB", (4, 4)).save(root / path)
    for command in (
        ["init", "--quiet"],
        ["add", "--force", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "one"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    methods = pd.read_csv(root / "plots/methods.csv", keep_default_na=False)
    write_table(root / "plots/methods.csv", methods.assign(gain=methods["gain"] + 1.0))
    return root


def drawn(root: Path, *command: str) -> dict[str, dict]:
    """Plot → its filled Vega-Lite specification, as in the page that DVC writes."""
    out = root / f"page_{command[0]}"
    run = subprocess.run(
        [*DVC, "plots", *command, "--out", str(out)], cwd=root, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    page = (out / "index.html").read_text()
    specs = re.findall(r"var spec = (\{.*?\});\s*vegaEmbed\('#(\w+)'", page, re.DOTALL)
    for path in IMAGES:
        assert path in page
    return {name: json.loads(spec) for spec, name in specs}


def test_every_plot_is_an_output_of_a_stage():
    made = set()
    for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values():
        made |= {next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"]}
    sources = {path for chart in CHARTS.values() for path in chart["y"]}
    assert sources <= made
    assert set(IMAGES) <= made


def test_the_sheets_and_the_samples_are_plots():
    expected = {"plots/samples.png"}
    expected |= {
        f"plots/{kind}.{o}.png" for kind in ("compare", "errors") for o in ("mid", "large")
    }
    assert expected <= set(IMAGES)


@pytest.mark.parametrize("name", CHARTS)
def test_templates_are_ours_and_in_git(name):
    path = f".dvc/plots/{CHARTS[name]['template']}.json"
    assert (ROOT / path).is_file()
    ignored = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT)
    assert ignored.returncode == 1


def fields(spec) -> set[str]:
    """Every column that a specification reads."""
    if isinstance(spec, list):
        return set().union(*map(fields, spec)) if spec else set()
    if not isinstance(spec, dict):
        return set()
    own = {spec["field"]} if "field" in spec else set()
    own |= set(
        re.findall(r"datum\.(\w+)", str(spec.get("calculate", "")) + str(spec.get("filter", "")))
    )
    return own.union(*(fields(value) for key, value in spec.items() if key != "values"))


def made(spec) -> set[str]:
    """Every column that a specification makes itself."""
    if isinstance(spec, list):
        return set().union(*map(made, spec)) if spec else set()
    if not isinstance(spec, dict):
        return set()
    own = {spec["as"]} if isinstance(spec.get("as"), str) else set()
    return own.union(*(made(value) for key, value in spec.items() if key != "values"))


def crossed(spec) -> bool:
    """Rows and columns of facets at once: Vega misplaces cells when some are empty and sorted."""
    if isinstance(spec, list):
        return any(map(crossed, spec))
    if not isinstance(spec, dict):
        return False
    return {"row", "column"} <= set(spec) or any(
        crossed(value) for key, value in spec.items() if key not in ("values", "spacing")
    )


@pytest.mark.dvc
def test_show_draws_every_chart(study):
    specs = drawn(study, "show")
    assert set(specs) == set(CHARTS)
    for name, spec in specs.items():
        values = spec["data"]["values"]
        (source,) = CHARTS[name]["y"]
        assert len(values) == len(pd.read_csv(study / source))
        assert "DVC_METRIC" not in json.dumps(spec)
        assert fields(spec) <= set(values[0]) | made(spec)
        assert not crossed(spec)
        assert {line["rev"] for line in values} == {"workspace"}


@pytest.mark.dvc
def test_diff_tells_the_revisions_apart(study):
    specs = drawn(study, "diff", "HEAD")
    assert set(specs) == set(CHARTS)
    for spec in specs.values():
        assert {line["rev"] for line in spec["data"]["values"]} == {"workspace", "HEAD"}
        assert "rev" in fields(spec)
    gains = pd.DataFrame(specs["gain_against_macs"]["data"]["values"])
    means = gains["gain"].astype(float).groupby(gains["rev"]).mean()
    assert means["workspace"] == pytest.approx(means["HEAD"] + 1)


def test_random_weights_are_said_in_every_table(tables):
    for name, key in (("methods", "method"), ("images", "method"), ("training", "model")):
        table = pd.read_csv(tables / f"{name}.csv", keep_default_na=False)
        if "run" in table:
            table = table[table["run"] == "this study"]
        assert set(table.loc[table[key] == "vgg", "weights"]) == {"random weights"}
        assert set(table.loc[table[key] != "vgg", "weights"]) == {""}


@pytest.mark.dvc
def test_cost_is_drawn_of_networks_alone(study):
    """Interpolation costs nothing that a logarithmic axis could show."""
    spec = drawn(study, "show")["gain_against_macs"]
    assert spec["transform"][0] == {"filter": "datum.kind == 'network'"}
    kinds = {line["method"]: line["kind"] for line in spec["data"]["values"]}
    networks = [name for name, kind in kinds.items() if kind == "network"]
    assert networks == ["basic", "multi", "vgg"]
