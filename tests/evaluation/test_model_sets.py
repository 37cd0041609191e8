import pandas as pd
import pytest

from srcore.common.errors import StudyError
from srcore.common.tables import write_table
from srcore.evaluation.model_sets import final_losses, gather_set, histories


def trained(folder, model: str, seed: int = 0, criterion: str = "inverse_psnr") -> None:
    """What a training leaves in its folder."""
    (folder / "live" / f"{model}.seed{seed}").mkdir(parents=True)
    (folder / "live" / f"{model}.seed{seed}" / "metrics.json").write_text("{}")
    stem = f"{model}.seed{seed}"
    (folder / f"{stem}.safetensors").write_bytes(f"weights of {stem}".encode())
    lines = [
        {"model": model, "seed": seed, "epoch": e, "output": "mid", "criterion": criterion,
         "loss": 1 / e + seed, "inverse_psnr": 0.05 / e, "psnr": 20 + e}
        for e in (1, 2)
    ]  # fmt: skip
    write_table(folder / f"{stem}.history.csv", pd.DataFrame(lines))


@pytest.fixture
def models(tmp_path):
    for model, seed in (("basic", 0), ("basic", 1), ("vgg", 0)):
        trained(tmp_path / model, model, seed)
    return tmp_path


def test_a_set_holds_copies_of_all_and_no_live_log(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    found = sorted(path.name for path in (models / "all").iterdir())
    stems = ("basic.seed0", "basic.seed1", "vgg.seed0")
    kinds = ("history.csv", "safetensors")
    assert found == [f"{stem}.{kind}" for stem in stems for kind in kinds]
    copied = (models / "all" / "vgg.seed0.safetensors").read_bytes()
    assert copied == (models / "vgg" / "vgg.seed0.safetensors").read_bytes()


def test_what_an_earlier_set_held_is_gone(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    gather_set([models / "vgg"], models / "all")
    assert len(list((models / "all").iterdir())) == 2


@pytest.mark.parametrize("make", [True, False])
def test_a_model_that_is_not_trained_is_one_line_and_leaves_the_set_alone(models, make):
    gather_set([models / "basic"], models / "all")
    if make:
        (models / "multi").mkdir()
    with pytest.raises(StudyError, match="multi: holds no trained network") as caught:
        gather_set([models / "vgg", models / "multi"], models / "all")
    assert "\n" not in str(caught.value)
    assert len(list((models / "all").iterdir())) == 4
    assert sorted(p.name for p in models.iterdir() if p.name.startswith(".")) == []


def test_histories_stand_one_below_the_other(models):
    gather_set([models / "basic", models / "vgg"], models / "all")
    history = histories(models / "all")
    assert list(history) == [
        "model", "seed", "epoch", "output", "criterion", "loss", "inverse_psnr", "psnr",
    ]  # fmt: skip
    trainings = history[["model", "seed"]].drop_duplicates().to_numpy().tolist()
    assert trainings == [["basic", 0], ["basic", 1], ["vgg", 0]]
    assert len(history) == 6


def test_one_model_alone_is_a_set_as_well(models):
    assert len(histories(models / "vgg")) == 2


def test_final_losses_bear_the_name_of_their_loss_and_are_means_over_seeds(models):
    trained(models / "own", "own", criterion="l1")
    gather_set([models / name for name in ("basic", "vgg", "own")], models / "all")
    history = histories(models / "all")
    history.loc[history["criterion"] == "inverse_psnr", "loss"] = history["inverse_psnr"]
    history.loc[history["seed"] == 1, ["loss", "inverse_psnr"]] += 0.01
    assert final_losses(history) == {
        "basic": {"mid": {"inverse_psnr": pytest.approx(0.025 + 0.01 / 2)}},
        "own": {"mid": {"l1": 0.5, "inverse_psnr": 0.025}},
        "vgg": {"mid": {"inverse_psnr": 0.025}},
    }
