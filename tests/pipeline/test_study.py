"""What a user does: `dvc repro`, `dvc exp run -S`, `dvc metrics diff`, a typo, a queue."""

import hashlib
import json
import re

import pandas as pd
import pytest
import yaml
from commands import arguments, ran

from srcore.evaluation.tables import parse_figures, read_checkpoints
from srcore.models.registry import SETS

TRAIN = SETS["all"]


@pytest.mark.slow
def test_whole_study(built_once):
    path = built_once.path
    checkpoints = sorted(file.name for file in (path / "data/models/all").glob("*.safetensors"))
    assert checkpoints == sorted(f"{name}.seed0.safetensors" for name in TRAIN)
    scores = json.loads((path / "metrics/evaluate.json").read_text())
    assert list(scores) == ["best", "bicubic", *TRAIN]
    assert "large" not in scores["basic"]
    figures = parse_figures((path / "plots/methods.csv").read_text())
    assert {"nearest", "bilinear", "bicubic", "lanczos", *TRAIN} <= set(figures)
    assert figures["vgg"]["mid"]["weights"] == "random weights"
    assert figures["vgg"]["parameters"] == 149_766
    judged = read_checkpoints(path / "plots/models.csv")
    assert judged["sha256"].tolist() == [
        hashlib.sha256(
            (path / f"data/models/all/{name}.seed0.safetensors").read_bytes()
        ).hexdigest()
        for name in TRAIN
    ]
    assert judged.loc[judged["ours"] == "yes", "model"].tolist() == ["subpixel"]
    for declared in yaml.safe_load((path / "dvc.yaml").read_text())["metrics"]:
        assert (path / declared).exists()
    benchmark = json.loads((path / "metrics/benchmark.json").read_text())
    assert list(benchmark["Set1"]) == [*TRAIN, "shipped"]
    means = pd.read_csv(path / "plots/benchmark.csv", keep_default_na=False)
    assert set(means.loc[means["method"] == "clip", "weights"]) == {"random weights"}


@pytest.mark.slow
def test_a_benchmark_is_run_when_asked_for_alone(built):
    """Who never runs it gets no warning because its figures are not there."""
    (built.path / "metrics/benchmark.json").unlink()
    assert ran(built.run("dvc", "repro", "--dry")) == []
    shown = built.run("dvc", "metrics", "show")
    assert "failed to load" not in shown
    assert "evaluate.json" in shown
    assert ran(built.run("dvc", "repro", "--dry", "stages/dvc.yaml:benchmark")) == ["benchmark"]


@pytest.mark.slow
def test_second_repro_does_nothing_and_leaves_git_clean(built_once):
    assert ran(built_once.run("dvc", "repro")) == []
    assert built_once.run("git", "status", "--porcelain") == ""


@pytest.mark.slow
def test_one_model_of_a_built_study_trains_nothing(built):
    assert "train_vgg" not in (names := ran(built.run(*arguments("dvc exp run -S model=vgg"))))
    assert "evaluate" in names
    assert not [name for name in names if name.startswith(("train_", "features_"))]
    scores = json.loads((built.path / "metrics/evaluate.json").read_text())
    assert list(scores) == ["bicubic", "vgg"], "of one network alone, none is the best"


def leaves(value: object) -> int:
    return sum(map(leaves, value.values())) if isinstance(value, dict) else 1


def declared(clone) -> int:
    """Leaf values of all metrics of the study; benchmarks are another matter."""
    files = set((clone.path / "metrics").glob("*.json")) - {clone.path / "metrics/benchmark.json"}
    return sum(leaves(json.loads(file.read_text())) for file in files)


@pytest.mark.slow
def test_metrics_fit_on_a_screen(built):
    """What was asked for, what it did, and no more."""
    assert declared(built) <= 90
    built.run(*arguments("dvc exp run -S model=vgg"))
    assert declared(built) <= 30
    rows = json.loads(built.run("dvc", "metrics", "diff", "--json"))
    assert sum(map(len, rows.values())) <= 60
    heads = built.run("dvc", "exp", "show", "--only-changed", "--csv").splitlines()[0].split(",")
    assert len(heads) <= 80
    figures = [head for head in heads if head.count(".") > 1]
    assert {"best.mid.gain", "best.large.gain"} <= set(figures[:4])
    # No figure stands in two files.
    names = [name for changed in rows.values() for name in changed]
    assert len(names) == len(set(names))


@pytest.mark.slow
def test_going_back_to_a_learning_rate_restores_its_checkpoint(built):
    built.run("dvc", "exp", "run", "-S", "model=basic", "-S", "train.lr=0.0005")
    other = (built.path / "data/models/basic/basic.seed0.safetensors").read_bytes()
    output = built.run("dvc", "exp", "run", "-S", "train.lr=0.001")
    assert "train_basic" not in ran(output)
    back = (built.path / "data/models/basic/basic.seed0.safetensors").read_bytes()
    assert back != other
    assert back == (built.path / "data/models/all/basic.seed0.safetensors").read_bytes()
    again = built.run("dvc", "exp", "run", "-S", "train.lr=0.0005")
    assert "train_basic" not in ran(again)
    assert (built.path / "data/models/basic/basic.seed0.safetensors").read_bytes() == other


@pytest.mark.slow
def test_metrics_diff_shows_old_new_and_change(built):
    built.run("dvc", "exp", "run", "-S", "model=basic", "-S", "train.lr=0.01")
    rows = json.loads(built.run("dvc", "metrics", "diff", "--json"))
    change = rows["metrics/evaluate.json"]["basic.mid.psnr"]
    assert change["new"] - change["old"] == pytest.approx(change["diff"], abs=1e-9)
    assert change["diff"] != 0


@pytest.mark.slow
def test_an_edit_of_one_model_names_its_stage_alone(built):
    built.edit(
        "srcore/models/vgg.py", "class SuperResNetWithVGG", "# a comment\nclass SuperResNetWithVGG"
    )
    status = json.loads(built.run("dvc", "status", "--json"))
    changed = {name.rpartition(":")[2] for name in status}
    assert "train_vgg" in changed
    # Outside `dvc repro`, train_ideas trains the original study's networks too.
    trained = {"train_vgg", "train_all", "train_ideas"}
    assert {name for name in changed if name.startswith("train_")} <= trained
    assert not [name for name in changed if name.startswith("features_")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["model=nope"], "model = nope: is not one of all, ablation, basic"),
        (["+train.epoch=3"], "train.epoch is not a parameter; did you mean 'epochs'?"),
        (["train.lr=-1"], "train.lr = -1: "),
        (["data.source=folder"], "data.folder.path = data/none: "),
        (["data.voc2007.archive=/no/such.tar"], "data.voc2007.archive = /no/such.tar: "),
        (["frozen.vgg=nope"], "frozen.vgg = nope: "),
    ],
)
def test_a_refused_setting_is_one_line_before_any_work(clone, settings, message):
    given = [part for setting in settings for part in ("-S", setting)]
    output = clone.run("dvc", "exp", "run", *given, ok=False)
    ours = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(ours) == 1
    assert message in ours[0]
    assert "Traceback" not in output
    assert ran(output) == ["check"]


def test_a_typo_by_hand_is_refused_as_well(clone):
    clone.edit("params.yaml", "  epochs: 1 ", "  epoch: 1 ")
    output = clone.run("dvc", "repro", ok=False)
    assert "train.epoch is not a parameter; did you mean 'epochs'?" in output
    assert ran(output) == ["check"]


def test_one_model_in_a_fresh_clone_trains_that_model_alone(one_model):
    clone, message = one_model
    names = ran(message)
    for name in ("check", "download", "resize_pyramids", "split", "features_vgg", "train_vgg"):
        assert name in names
    assert "evaluate" in names
    assert {name for name in names if name.startswith("train_")} == {"train_vgg"}
    assert "features_clip" not in names
    assert ran(clone.run("dvc", "repro", "evaluate", "describe_data")) == []


@pytest.mark.slow
def test_forced_repro_gives_the_same_bits(built):
    built.run(*arguments("dvc repro --force"))
    assert built.run("git", "status", "--porcelain") == ""


@pytest.mark.slow
def test_queue_runs_the_code_it_was_queued_with(built):
    built.run(*arguments("dvc exp run --queue -S model=basic,multi"))
    # What is queued is a snapshot: a later edit, even one that breaks everything, is not in it.
    built.edit(
        "srcore/training/loop.py", '"""Training', 'raise SystemExit("edited later")\n"""Training'
    )
    built.edit("stages/evaluate.py", '"""Evaluate', 'raise SystemExit("edited later")\n"""Evaluate')
    built.run(*arguments("dvc queue start"))
    built.run("dvc", "queue", "logs", "--follow", _first_task(built))
    for _ in range(120):
        states = {row["status"].lower() for row in _tasks(built)}
        if states <= {"success", "failed"}:
            break
        built.run("sleep", "2")
    assert {row["status"].lower() for row in _tasks(built)} == {"success"}
    built.run("git", "checkout", "--quiet", "srcore", "stages")
    shown = built.run("dvc", "exp", "show", "--csv")
    assert len(re.findall(r"^.*,(?:basic|multi),", shown, flags=re.MULTILINE)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_same_bits_in_the_workspace_through_the_queue_and_in_a_temporary_copy(clone, precision):
    """DVC's hash of the folder with checkpoint, history, metrics and live log says so."""
    target = "stages/dvc.yaml:train_basic"
    clone.edit("params.yaml", "precision: 32-true", f"precision: {precision}")
    clone.run("dvc", "repro", target)
    clone.commit()
    at_once = clone.run("dvc", "exp", "run", "--temp", "--force", "--name", "temporary", target)
    assert "train_basic" in ran(at_once)
    clone.run("dvc", "exp", "run", "--queue", "--force", "--name", "queued", target)
    clone.run("dvc", "queue", "start", "--jobs", "1")
    assert "train_basic" in ran(clone.run("dvc", "queue", "logs", "--follow", "queued"))
    for _ in range(120):
        if {row["status"].lower() for row in _tasks(clone)} <= {"success", "failed"}:
            break
        clone.run("sleep", "2")
    here = _trained((clone.path / "stages/dvc.lock").read_text())
    for name in ("temporary", "queued"):
        ref = f"refs/exps/*/*/{name}"
        commit = clone.run("git", "for-each-ref", "--format=%(objectname)", ref).strip()
        assert _trained(clone.run("git", "show", f"{commit}:stages/dvc.lock")) == here


def _trained(lock: str) -> str:
    (out,) = yaml.safe_load(lock)["stages"]["train_basic"]["outs"]
    return out["md5"]


def _tasks(clone) -> list[dict[str, str]]:
    lines = clone.run("dvc", "queue", "status").splitlines()
    rows = [line.split() for line in lines if re.match(r"^[0-9a-f]{7}\b", line)]
    return [{"task": row[0], "status": row[-1]} for row in rows]


def _first_task(clone) -> str:
    return _tasks(clone)[0]["task"]
