"""The Markdown text of a review: what changed, by how much, and whether it is more than noise."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srcore.errors import StudyError
from srcore.review import Study, read_study, review

NAMES = [f"{number:02}.png" for number in range(40)]


def study(
    name,
    lr=0.001,
    gains=None,
    models=("basic", "vgg"),
    names=NAMES,
    weights=None,
    shift=0,
    scenes=40,
) -> Study:
    """A study whose models gain what `gains` says on every picture."""
    groups = [f"scene{number % scenes}" for number in range(len(names))]
    rows, metrics = [], {"best": {}, "bicubic": {"mid": {"psnr": 28.0}}}
    for model in ("bicubic", *models):
        gain = (gains or {}).get(model, np.zeros(len(names)))
        rows.append(
            pd.DataFrame(
                {"picture": names, "group": groups, "method": model, "output": "mid", "gain": gain}
            ).assign(psnr=np.arange(len(names)) + shift)
        )
        if model == "bicubic":
            continue
        entry = {"psnr": 28.0, "gain": float(np.mean(gain))}
        metrics[model] = {"mid": entry | ({"weights": weights} if weights else {}), "macs": 1}
    params = {"model": "all", "train": {"lr": lr, "epochs": 10}, "evaluate": {"resamples": 500}}
    return Study(name, params, metrics, pd.concat(rows))


def row(text: str, model: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {model}"))


def test_changed_parameters_are_named_with_both_values():
    text = review(study("main"), study("now", lr=0.0005))
    assert "`train.lr` 0.001 → 0.0005." in text
    assert "epochs" not in text
    assert "none changed" in review(study("main"), study("now"))


def test_better_worse_and_noise():
    spread = np.random.default_rng(0).normal(0, 0.2, 40)
    same = study(
        "main",
        gains={"basic": spread, "vgg": spread, "clip": spread},
        models=("basic", "vgg", "clip"),
    )
    now = {
        "basic": spread + 0.3,
        "vgg": spread - 0.3,
        "clip": spread + np.random.default_rng(1).permutation([0.2, -0.2] * 20),
    }
    text = review(same, study("now", gains=now, models=("basic", "vgg", "clip")))
    assert row(text, "basic").endswith("| **better** |")
    assert "+0.300 [+0.300, +0.300]" in row(text, "basic")
    assert row(text, "vgg").endswith("| **worse** |")
    assert row(text, "clip").endswith("| noise |")


@pytest.mark.parametrize("scenes", [1, 2])
def test_nothing_is_called_more_than_noise_on_a_few_scenes(scenes):
    better = {"basic": np.linspace(0.1, 0.2, 40)}
    base, head = study("main", scenes=scenes), study("now", gains=better, scenes=scenes)
    text = review(base, head)
    assert row(text, "basic").endswith(f"| {scenes} scenes: too few to tell |")
    assert "better" not in text


def test_other_pictures_of_the_same_name_are_not_paired():
    assert "nothing can be paired" in review(study("main"), study("now", shift=0.5))


def test_pairs_are_by_picture_not_by_place():
    gains = np.linspace(-1, 1, 40)
    base = study("main", gains={"basic": gains}, models=("basic",))
    head = study("now", gains={"basic": gains}, models=("basic",))
    shuffled = head.pictures.sample(frac=1, random_state=0)
    text = review(base, Study("now", head.params, head.metrics, shuffled))
    assert "+0.000 [+0.000, +0.000]" in row(text, "basic")


def test_random_weights_stand_beside_the_figures():
    text = review(study("main", weights="random weights"), study("now", weights="random weights"))
    assert row(text, "vgg (random weights)")


def test_new_and_gone_models_and_nothing_in_common():
    text = review(study("main", models=("basic", "vgg")), study("now", models=("basic", "multi")))
    assert "Models that are new: multi." in text
    assert "Models that are gone: vgg." in text
    other = study("now", names=[f"other{name}" for name in NAMES])
    assert "nothing can be paired" in review(study("main"), other)


def test_seven_models_fit_twenty_lines():
    models = tuple(f"model{number}" for number in range(13))  # rows of seven models, two outputs
    text = review(study("main", models=models), study("now", lr=0.1, models=models))
    assert len([line for line in text.splitlines() if line]) <= 20


def test_sheets_are_linked_where_there_is_a_place():
    assert "(https://example.org/run)" in review(
        study("main"), study("now"), "https://example.org/run"
    )


def test_from_git_and_the_working_tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = study("x")
    for folder in ("metrics", "plots"):
        Path(folder).mkdir()
    Path("params.yaml").write_text("model: all\ntrain: {lr: 0.001}\nevaluate: {resamples: 100}\n")
    Path("metrics/evaluate.json").write_text(json.dumps(made.metrics))
    made.pictures.to_csv("plots/pictures.csv", index=False)
    identity = ["-c", "user.email=a@example.org", "-c", "user.name=a"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *identity, *command], check=True)
    Path("params.yaml").write_text("model: all\ntrain: {lr: 0.5}\nevaluate: {resamples: 100}\n")
    base, head = read_study("main"), read_study(None)
    assert (base.params["train"]["lr"], head.params["train"]["lr"]) == (0.001, 0.5)
    with pytest.raises(StudyError, match=r"params\.yaml is not in commit nowhere"):
        read_study("nowhere")
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "srcore.review"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": ""},
    )
    assert done.returncode == 1
    assert "make review BASE=main" in done.stderr
    assert "Traceback" not in done.stderr
