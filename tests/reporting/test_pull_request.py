"""The Markdown text of a review: what changed, by how much, and whether it is more than noise."""

import dataclasses
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srcore.common.errors import StudyError
from srcore.evaluation.tables import METHOD_COLUMNS
from srcore.reporting.pull_request import Study, read_study, review

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
    outputs=("mid",),
    seeds=(0.0,),
) -> Study:
    """A study whose models gain what `gains` says on every image, each seed so much more."""
    groups = [f"scene{number % scenes}" for number in range(len(names))]
    rows, metrics = [], {"bicubic": {"kind": "baseline", "mid": {"psnr": 28.0, "gain": 0.0}}}
    for model in ("bicubic", *models):
        gain = (gains or {}).get(model, np.zeros(len(names)))
        table = pd.DataFrame({"image": names, "group": groups, "method": model, "gain": gain})
        table = table.assign(psnr=np.arange(len(names)) + shift)
        table = table.assign(seed=pd.array([None] * len(table), "Int64"))
        if model == "bicubic":
            rows += [table.assign(output=output) for output in outputs]
            continue
        rows += [
            table.assign(output=output, seed=seed, gain=gain + more)
            for output in outputs
            for seed, more in enumerate(seeds)
        ]
        entry = {"psnr": 28.0, "ssim": 0.8, "gain": float(np.mean(gain) + np.mean(seeds))}
        entry |= {"weights": weights} if weights else {}
        entry |= {"gain_spread": float(np.std(seeds, ddof=1))} if len(seeds) > 1 else {}
        metrics[model] = dict.fromkeys(outputs, entry) | {"kind": "network", "macs": 1}
    params = {"model": "all", "train": {"lr": lr, "epochs": 10}, "split": {"test": 0}}
    return Study(name, params, metrics, pd.concat(rows))


def write_methods(made: Study) -> None:
    """plots/methods.csv of a made-up study."""
    lines = [
        {"method": method, "output": output, **figures, "kind": entry["kind"]}
        for method, entry in made.metrics.items()
        for output, figures in entry.items()
        if isinstance(figures, dict)
    ]
    pd.DataFrame(lines, columns=list(METHOD_COLUMNS)).fillna({"ssim": 0.8}).to_csv(
        "plots/methods.csv", index=False
    )


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
    assert row(text, "basic").endswith("| **better in these trainings** |")
    assert "+0.300 [+0.300, +0.300]" in row(text, "basic")
    assert row(text, "vgg").endswith("| **worse in these trainings** |")
    assert row(text, "clip").endswith("| noise |")
    assert "with one training per version, other seeds may give another result" in text
    assert "paired over 40 validation images" in text


@pytest.mark.parametrize(("scenes", "sentence"), [(1, "1 scene"), (2, "2 scenes")])
def test_nothing_is_called_more_than_noise_on_a_few_scenes(scenes, sentence):
    better = {"basic": np.linspace(0.1, 0.2, 40)}
    base, head = study("main", scenes=scenes), study("now", gains=better, scenes=scenes)
    text = review(base, head)
    assert row(text, "basic").endswith(f"| +0.150 | {sentence}: too few to tell |")
    assert "better" not in text


def test_other_images_of_the_same_name_are_not_paired():
    assert "nothing can be paired" in review(study("main"), study("now", shift=0.5))


def test_pairs_are_by_image_not_by_place():
    gains = np.linspace(-1, 1, 40)
    base = study("main", gains={"basic": gains}, models=("basic",))
    head = study("now", gains={"basic": gains}, models=("basic",))
    shuffled = head.images.sample(frac=1, random_state=0)
    text = review(base, Study("now", head.params, head.metrics, shuffled))
    assert "+0.000 [+0.000, +0.000]" in row(text, "basic")


def test_random_weights_stand_beside_the_figures():
    text = review(study("main", weights="random weights"), study("now", weights="random weights"))
    assert row(text, "vgg (random weights)")
    assert "→ random" not in text


def test_other_weights_are_reported_on_both_sides():
    text = review(
        study("main", weights="random weights"), study("now", weights="weights of a|b.pt")
    )
    assert row(text, "vgg (random weights → weights of a\\|b.pt) | mid |")


def test_what_did_not_change_at_all_is_the_same_on_few_scenes_too():
    assert row(review(study("main", scenes=2), study("now", scenes=2)), "vgg").endswith("| same |")


def test_seeds_that_scatter_as_much_leave_a_difference_noise():
    before = (0.0, 0.1, -0.1)
    for after, verdict in (((0.4, 0.52, 0.28), "**better**"), ((0.1, 0.5, -0.3), "noise")):
        text = review(study("main", seeds=before), study("now", seeds=after))
        assert row(text, "basic").endswith(f"| {verdict} |"), after
        assert f"+0.00 ± 0.10 → {np.mean(after):+.2f} ± {np.std(after, ddof=1):.2f}" in text
        assert "± is the standard deviation between seeds" in text
        assert "one training" not in text
    alone = review(study("main"), study("now", seeds=before))
    assert "one training per version" not in alone
    assert "between seeds, which is assumed to be the same where there is only one" in alone
    assert "±" not in review(study("main"), study("now"))


def test_verdicts_allow_for_all_lines_at_once():
    """Alone, a difference at a level of 4 % is one; among twenty such models it is not."""
    noise = np.random.default_rng(0).normal(0, 1, 40)
    noise -= noise.mean()
    gain = noise + 2.12 * noise.std(ddof=1) / 40**0.5  # t with 39 degrees of freedom: 4 %
    alone = review(study("main", models=("a",)), study("now", models=("a",), gains={"a": gain}))
    assert row(alone, "a").endswith("| **better in these trainings** |")
    models = tuple("abcdefghij")
    together = review(
        study("main", models=models), study("now", models=models, gains=dict.fromkeys(models, gain))
    )
    assert "better" not in together


def test_the_part_that_was_judged_is_named():
    head = study("now")
    head.params["split"] = {"test": 0.2}
    assert "paired over 40 test images" in review(study("main"), head)


HARM = "</td><script>x</script>\n# head www.x.io | `code` ![i](//x) \x1b[31m @all"


def test_no_folder_and_no_password_of_a_parameter_is_published():
    head = study("now")
    head.params["frozen"] = {"vgg": "/home/me/secret/vgg16.pt", "clip": "https://me:pw@host/x"}
    text = review(study("main"), head)
    assert "vgg16" in text
    assert not re.search("home|secret|pw", text)


def test_what_others_wrote_begins_nothing_in_markdown():
    base, head = study("main"), study("now", weights=HARM)
    head.params.update({"other": HARM[:30], HARM: 1})
    head = dataclasses.replace(head, recorded=({"model": HARM[:25]},))
    head.metrics[HARM] = head.metrics["vgg"]
    text = review(base, head)
    bare = re.sub(r"`[^`\n]*`", "", text)  # code shows whatever it is
    assert not re.search(r"(?<!\\)[<>@!]|www\.|^#[^#]|(?<!\\)`", bare, re.MULTILINE)
    assert all(line.isprintable() for line in text.splitlines())
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.split(r"(?<!\\)\|", line)) for line in table}) == 1


def test_parameters_that_grow_ninefold_a_line_are_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [
        "a0: &a0 [x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)),
    ]
    Path("params.yaml").write_text("\n".join(lines))
    with pytest.raises(StudyError, match=r"params\.yaml: damaged"):
        read_study(None)


def test_a_pipe_in_place_of_results_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("params.yaml")
    with pytest.raises(StudyError, match=r"params\.yaml: is not a file"):
        read_study(None)


def test_results_of_other_parameters_are_reported_in_one_line():
    made = {"train": {"lr": 0.01, "epochs": 10}, "train.epochs": 10, "model": "all", "seeds": [0]}
    head = dataclasses.replace(study("now"), recorded=(made,))
    sentence = "**The results here were made with other parameters**: "
    lr, seeds = "`train.lr` 0.01 (params.yaml: 0.001)", r"`seeds` \[0\] (params.yaml: None)"
    assert f"{sentence}{lr}, {seeds}.\n" in review(study("main"), head)
    base = dataclasses.replace(study("main"), recorded=({"model": "vgg"},))
    text = review(base, study("now"))
    assert "The results in `main` were made with" in text
    assert "here" not in text
    many = dataclasses.replace(study("now"), recorded=({f"key{n}": n for n in range(9)},))
    assert "`key2` 2 (params.yaml: None), 6 more.\n" in review(study("main"), many)


def test_results_of_other_code_are_reported_in_one_line():
    assert "Changed since" not in review(study("main"), study("now"))
    files = tuple(f"srcore/metrics/{number}.py" for number in range(5))
    text = review(study("main"), dataclasses.replace(study("now"), changed=files))
    named = ", ".join(f"`{file}`" for file in files[:3])
    assert (
        f"**Changed since the results here were made**: {named}, 2 more. Run `dvc repro`." in text
    )


def test_one_training_of_other_parameters_among_several_is_reported():
    stages = tuple({"train.lr": rate} for rate in (0.01, 0.001))
    head = dataclasses.replace(study("now"), recorded=stages)
    assert "`train.lr` 0.01 (params.yaml: 0.001)." in review(study("main"), head)
    head = dataclasses.replace(study("now"), recorded=stages[::-1])
    assert "`train.lr` 0.01 (params.yaml: 0.001)." in review(study("main"), head)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("plots/methods.csv", "method,kind"),
        ("plots/methods.csv", "method\nbasic\n"),
        ("plots/images.csv", ""),
        ("plots/images.csv", "image,group\na,b\n"),
        ("params.yaml", ""),
        ("params.yaml", "a: [1"),
        ("dvc.lock", "a: [1"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, monkeypatch, path, content):
    monkeypatch.chdir(tmp_path)
    made = study("x")
    Path("plots").mkdir()
    Path("params.yaml").write_text("model: all\n")
    write_methods(made)
    made.images.to_csv("plots/images.csv", index=False)
    read_study(None)
    Path(path).write_text(content)
    with pytest.raises(StudyError, match=f"^{path}: damaged; run `dvc repro`$"):
        read_study(None)


@pytest.mark.parametrize("lock", ["stages:\n", "stages:\n  evaluate:\n", "stages: [1]\n"])
def test_a_lock_file_and_parameters_with_empty_groups_are_read(tmp_path, monkeypatch, lock):
    monkeypatch.chdir(tmp_path)
    made = study("x")
    Path("plots").mkdir()
    Path("params.yaml").write_text("model: all\nsplit:\n")
    Path("dvc.lock").write_text(lock)
    write_methods(made)
    made.images.to_csv("plots/images.csv", index=False)
    read = read_study(None)
    assert not any(read.recorded)
    assert "validation images" in review(read, read)


def test_long_lists_of_changed_parameters_are_cut():
    base, head = study("main"), study("now")
    head.params.update({f"key{number}": "x" * 100 for number in range(30)})
    first = review(base, head).splitlines()[2]
    assert first.count("; ") == 8
    assert first.endswith("; and 22 more (`git diff main -- params.yaml`).")
    assert "x" * 31 not in first


def test_new_and_gone_models_and_nothing_in_common():
    text = review(study("main", models=("basic", "vgg")), study("now", models=("basic", "multi")))
    assert "Models that are new: multi." in text
    assert "Models that are gone: vgg." in text
    other = study("now", names=[f"other{name}" for name in NAMES])
    assert "nothing can be paired" in review(study("main"), other)


WIDE = 100
"""Letters of a line where a pull request is read."""


def seen(text: str) -> tuple[int, int]:
    """Rows of the table, and the lines that all other text fills, empty ones left out."""
    lines = [re.sub(r"\]\([^)]*\)", "]", line) for line in text.splitlines() if line]
    rows = [line for line in lines if line.startswith("| ")]
    rest = [line for line in lines if not line.startswith("|")]
    return len(rows) - 1, sum(len(textwrap.wrap(line, WIDE)) for line in rest)


@pytest.mark.parametrize("count", [1, 7])
def test_a_review_fits_twenty_lines_beside_its_rows(count):
    models = tuple(f"model{number}" for number in range(count))
    common = {"outputs": ("mid", "large"), "seeds": (0.0, 0.1)}
    base = study("main", models=("gone", *models), **common)
    head = study("now", lr=0.1, models=("new", *models), **common)
    head.params.update({f"group.key{number}": "y" * 50 for number in range(40)})
    head = dataclasses.replace(head, recorded=({f"group.key{n}": "z" * 50 for n in range(40)},))
    base = dataclasses.replace(base, recorded=({f"group.key{n}": "z" * 50 for n in range(40)},))
    rows, lines = seen(review(base, head, "https://example.org/" + "run" * 20))
    assert rows == 2 * count
    assert lines <= 20


def test_a_usual_review_is_short():
    head = study("now", lr=0.1, outputs=("mid", "large"))
    rows, lines = seen(review(study("main", outputs=("mid", "large")), head))
    assert rows == 4
    assert lines <= 6


def test_sheets_are_linked_where_there_is_a_place():
    assert "(https://example.org/run)" in review(
        study("main"), study("now"), "https://example.org/run"
    )
    for sheet in ("compare", "errors"):
        for output in ("mid", "large"):
            assert f"`plots/{sheet}.{output}.png`" in review(study("main"), study("now"))


def test_from_git_and_the_working_tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = study("x")
    for folder in ("plots", "stages"):
        Path(folder).mkdir()
    Path("params.yaml").write_text("model: all\ntrain: {lr: 0.001}\n")
    write_methods(made)
    made.images.to_csv("plots/images.csv", index=False)
    identity = ["-c", "user.email=a@example.org", "-c", "user.name=a"]
    locked = "{schema: '2.0', stages: {%s: {params: {params.yaml: {%s}}}}}"
    Path("dvc.lock").write_text(locked % ("evaluate", "model: all"))
    Path("stages/dvc.lock").write_text(locked % ("train_vgg", "train: {lr: 0.001}"))
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *identity, *command], check=True)
    Path("params.yaml").write_text("model: all\ntrain: {lr: 0.5}\n")
    base, head = read_study("main"), read_study(None)
    assert (base.params["train"]["lr"], head.params["train"]["lr"]) == (0.001, 0.5)
    text = review(base, head)
    assert "The results here were made with other parameters**: `train.lr` 0.001 (params" in text
    assert "The results in" not in text
    Path("stages/dvc.lock").write_text(locked % ("train_other", "train: {lr: 0.001}"))
    assert "other parameters" not in review(base, read_study(None)), "that model is not judged"
    Path("dvc.lock").unlink()
    Path("stages/dvc.lock").unlink()
    assert "other parameters" not in review(base, read_study(None)), "nothing is known"
    with pytest.raises(StudyError, match=r"params\.yaml of nowhere: fatal: invalid object name"):
        read_study("nowhere")
    with pytest.raises(StudyError, match=r"params\.yaml of --output=x: fatal: ") as raised:
        read_study("--output=x")
    assert "\n" not in str(raised.value)
    assert not Path("x:params.yaml").exists()
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "srcore.reporting.pull_request"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": ""},
    )
    assert done.returncode == 1
    assert "make review BASE=main" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_a_folder_of_a_larger_repository(tmp_path, monkeypatch):
    """The project may be a part of a repository; commits name its files from the top."""
    project = tmp_path / "research" / "upscaling"
    (project / "plots").mkdir(parents=True)
    monkeypatch.chdir(project)
    made = study("x")
    Path("params.yaml").write_text("model: all\ntrain: {lr: 0.001}\n")
    write_methods(made)
    made.images.to_csv("plots/images.csv", index=False)
    identity = ["-c", "user.email=a@example.org", "-c", "user.name=a"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *identity, *command], check=True)
    base = read_study("main")
    assert base.models == ["basic", "vgg"]
    assert "| same |" in review(base, read_study(None))


def test_a_metric_that_the_other_side_did_not_know_has_a_dash(tmp_path, monkeypatch):
    """A change that adds a metric is reviewed like any other."""
    monkeypatch.chdir(tmp_path)
    Path("plots").mkdir()
    Path("params.yaml").write_text("model: all\n")
    made = study("x")
    write_methods(made)
    made.images.to_csv("plots/images.csv", index=False)
    head = read_study(None)
    table = pd.read_csv("plots/methods.csv", keep_default_na=False)
    table.drop(columns="ssim").to_csv("plots/methods.csv", index=False)
    text = review(dataclasses.replace(read_study(None), name="main"), head)
    assert "| – → 0.8000 |" in row(text, "basic")
    assert "| SSIM |" in text
