import pandas as pd
import pytest

from srcore.common.errors import StudyError
from srcore.common.files import write_json
from srcore.common.tables import write_table
from srcore.evaluation.model_sets import beside_report, final_metrics, gather_set, histories


def trained(folder, model: str, seed: int = 0) -> None:
    """What a training leaves in its folder."""
    (folder / "live" / f"{model}.seed{seed}").mkdir(parents=True)
    (folder / "live" / f"{model}.seed{seed}" / "metrics.json").write_text("{}")
    stem = f"{model}.seed{seed}"
    (folder / f"{stem}.safetensors").write_bytes(f"weights of {stem}".encode())
    lines = [
        {"model": model, "seed": seed, "epoch": e, "output": "mid", "loss": 1 / e, "psnr": 20 + e}
        for e in (1, 2)
    ]
    write_table(folder / f"{stem}.history.csv", pd.DataFrame(lines))
    write_json(folder / f"{stem}.metrics.json", {"weights": None, "mid": {"loss": 0.5}})


@pytest.fixture
def models(tmp_path):
    for model, seed in (("basic", 0), ("basic", 1), ("vgg", 0)):
        trained(tmp_path / model, model, seed)
    return tmp_path


def test_a_set_holds_copies_of_all_and_no_live_log(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    found = sorted(path.name for path in (models / "all").iterdir())
    stems = ("basic.seed0", "basic.seed1", "vgg.seed0")
    kinds = ("history.csv", "metrics.json", "safetensors")
    assert found == [f"{stem}.{kind}" for stem in stems for kind in kinds]
    copied = (models / "all" / "vgg.seed0.safetensors").read_bytes()
    assert copied == (models / "vgg" / "vgg.seed0.safetensors").read_bytes()


def test_what_an_earlier_set_held_is_gone(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    gather_set([models / "vgg"], models / "all")
    assert len(list((models / "all").iterdir())) == 3


@pytest.mark.parametrize("make", [True, False])
def test_a_model_that_is_not_trained_is_one_line_and_leaves_the_set_alone(models, make):
    gather_set([models / "basic"], models / "all")
    if make:
        (models / "multi").mkdir()
    with pytest.raises(StudyError, match="multi: holds no trained network") as caught:
        gather_set([models / "vgg", models / "multi"], models / "all")
    assert "\n" not in str(caught.value)
    assert len(list((models / "all").iterdir())) == 6
    assert sorted(p.name for p in models.iterdir() if p.name.startswith(".")) == []


def test_histories_stand_one_below_the_other(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    history = histories(models / "all")
    assert list(history) == ["model", "seed", "epoch", "output", "loss", "psnr"]
    trainings = history[["model", "seed"]].drop_duplicates().to_numpy().tolist()
    assert trainings == [["basic", 0], ["basic", 1], ["vgg", 0]]
    assert len(history) == 6


def test_one_model_alone_is_a_set_as_well(models):
    assert len(histories(models / "vgg")) == 2
    assert list(final_metrics(models / "vgg")) == ["vgg.seed0"]


def test_final_figures_are_named_by_their_training(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    figures = final_metrics(models / "all")
    assert list(figures) == ["basic.seed0", "basic.seed1", "vgg.seed0"]
    assert figures["basic.seed1"] == {"weights": None, "mid": {"loss": 0.5}}


def test_our_curves_stand_beside_the_reports_of_the_same_models(models, root):
    history = histories(models / "vgg")
    both = beside_report(history, root / "data/report_losses.csv", {"vgg": "random weights"})
    assert set(both["model"]) == {"vgg"}
    ours, theirs = (both[both["run"] == run] for run in ("this study", "report"))
    assert ours["curve"].unique().tolist() == ["vgg mid, this study"]
    assert ours["weights"].unique().tolist() == ["random weights"]
    assert ours["seed"].unique().tolist() == [0]
    assert theirs["curve"].unique().tolist() == ["vgg mid, report", "vgg large, report"]
    assert theirs["psnr"].isna().all()
    assert theirs["seed"].isna().all()
    report = theirs.set_index(["output", "epoch"])["loss"]
    assert report["mid", 1] == 0.0402  # as the report prints them
    assert report["large", 10] == 0.0416
    assert len(theirs) == 20


def test_seeds_are_written_as_whole_numbers(models, root, tmp_path):
    both = beside_report(histories(models / "vgg"), root / "data/report_losses.csv")
    write_table(tmp_path / "training.csv", both)
    lines = (tmp_path / "training.csv").read_text().splitlines()
    assert lines[1].startswith("vgg,0,1,mid,")
    assert lines[-1].startswith("vgg,,10,")


def test_a_model_that_the_report_has_not_stands_alone(tmp_path, root):
    trained(tmp_path / "own", "own")
    both = beside_report(histories(tmp_path / "own"), root / "data/report_losses.csv")
    assert both["run"].unique().tolist() == ["this study"]
