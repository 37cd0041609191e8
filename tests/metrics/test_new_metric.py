"""CONTRIBUTING's "Add a metric", done to the letter: one file, one line, and it is everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from page_tables import tables_of

SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
from made_up_study import NETWORKS, make_study
from photographs import arrays
from tiny import CPU, noisy_network, tiny_linear, tiny_scenes
from srcore.common.tables import write_table
from srcore.common.tensors import to_images, to_tensor
from srcore.evaluation.benchmark import judge
from srcore.evaluation.examples import compare
from srcore.evaluation.held_out import evaluate_images
from srcore.evaluation.methods import by_method
from srcore.metrics.seeds import mean_over_seeds
from srcore.reporting.canvas import Canvas
from srcore.reporting.page.render import render
from srcore.reporting.page.results import read_results
from srcore.reporting.sheets import draw_outputs

out = Path(sys.argv[1])
networks, data = [noisy_network("basic")], tiny_scenes()
table = evaluate_images(networks, tiny_linear(), data, np.arange(3), CPU)
write_table(out / "plots/images.csv", mean_over_seeds(table))
write_table(out / "plots/methods.csv", by_method(table, networks, 24))
shown = []
Canvas.save = lambda self, path: shown.extend(text.get_text() for text in self.figure.texts)
compared = compare(networks, tiny_linear(), data, np.array([0]), CPU)
draw_outputs(compared, "mid", out / "sheet.png", "validation")
one, other = arrays()[:2]
benchmark = judge(one[:40, :40], other[:40, :40], 2)
kept = {"multi": NETWORKS["multi"]}
params = make_study(out / "study", Path("params.yaml"), networks=kept, side=16, crops=3)
page = render(read_results(out / "study", params))
(out / "page.html").write_text(page)
made = networks[0](to_tensor(data.low[:1]))["mid"]
saved = to_images(made)[0].astype(float)
error = np.abs(saved - data.mid[0]).mean() / 255
print(json.dumps({"sheet": shown, "benchmark": benchmark, "error": float(error)}))
"""


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory) -> tuple[Path, dict]:
    """A copy of the tree in which the docs were followed, and what it made."""
    copy, out = (tmp_path_factory.mktemp(name) for name in ("tree", "out"))
    for name in ("srcore", "tests", "stages", "params.yaml", "data/report_losses.csv", "data/none"):
        (copy / name).parent.mkdir(exist_ok=True)
        if (root / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.safetensors")
            shutil.copytree(root / name, copy / name, ignore=ignored)
        else:
            shutil.copy(root / name, copy / name)
    section = (root / "CONTRIBUTING.md").read_text().split("## Add a metric")[1].split("\n## ")[0]
    module, line = re.findall(r"^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    (name,) = re.findall(r"example,\s+`(srcore/metrics/\w+\.py)`", section)
    (copy / name).write_text(module)
    table = copy / "srcore/metrics/table.py"
    text = table.read_text()
    last = re.search(r'^    "ssim": Metric\(.*\),\n', text, re.MULTILINE)
    table.write_text(text[: last.end()] + line + text[last.end() :])
    environment = os.environ | {"PYTHONPATH": f"{copy}{os.pathsep}{copy / 'tests'}"}
    (out / "plots").mkdir()
    (out / "study").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(out)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout.splitlines()[-1])


def test_it_is_in_the_tables(results):
    out, found = results
    images = pd.read_csv(out / "plots/images.csv")
    line = images.query("method == 'basic' and image == 'astronaut-0.png'").iloc[0]
    assert line["mae"] == pytest.approx(found["error"], abs=1e-4)
    methods = pd.read_csv(out / "plots/methods.csv").set_index(["method", "output"])
    means = images.groupby(["method", "output"])["mae"].mean()
    for key, mean in means.items():
        assert methods.loc[key, "mae"] == pytest.approx(mean, abs=1e-4)


def test_it_is_judged_by_the_benchmarks(results):
    assert list(results[1]["benchmark"]) == ["psnr", "ssim", "mae"]


def test_it_is_on_the_sheet(results):
    assert f"MAE {results[1]['error']:.4f}" in "\n".join(results[1]["sheet"])


def test_it_is_on_the_page(results):
    page = (results[0] / "page.html").read_text()
    methods = pd.read_csv(results[0] / "study/plots/methods.csv").set_index(["method", "output"])
    found = tables_of(page, "sortable")
    assert len(found) == 2
    for output, (heads, *rows) in zip(("mid", "large"), found, strict=True):
        place = heads.index("MAE")
        for row in rows:
            figure = methods.loc[(row[0].split()[0], output), "mae"]
            assert row[place] == f"{figure:.4f}"
    assert re.search(r'<th scope="col" class="number" data-first="ascending">MAE</th>', page)
    assert 'data-metric="mae" data-digits="4"' in page
    assert re.search(r'data-mae="0\.\d{4}"', page)
    assert re.search(r"SSIM [\d.]+, MAE [\d.]+</span>", page)
