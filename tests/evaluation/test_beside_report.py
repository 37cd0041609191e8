"""Training curves beside the original study's, how far apart they are, and bicubic's own loss."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from tiny import tiny_pyramids

from srcore.common.tables import write_table
from srcore.evaluation.beside_report import bicubic_losses, differences, training_curves
from srcore.models.checkpoint import Card


def history(model: str, losses: dict[str, list[float]], seed: int = 0) -> pd.DataFrame:
    lines = [
        {"model": model, "seed": seed, "epoch": epoch, "output": output, "criterion": "l1",
         "loss": value / 2, "inverse_psnr": value, "psnr": 20.0}
        for output, values in losses.items()
        for epoch, value in enumerate(values, 1)
    ]  # fmt: skip
    return pd.DataFrame(lines)


@pytest.fixture
def report(root):
    return root / "data/report_losses.csv"


def test_our_curves_stand_beside_the_reports_of_the_same_models(report):
    cards = [Card("vgg", 0, {}, "random weights"), Card("basic", 0, {})]
    both = training_curves(history("vgg", {"mid": [0.05, 0.04]}), report, cards)
    assert set(both["model"]) == {"vgg"}
    ours, theirs = (both[both["run"] == run] for run in ("this study", "report"))
    assert ours["curve"].unique().tolist() == ["vgg mid, this study"]
    assert ours["weights"].unique().tolist() == ["random weights"]
    assert ours["seed"].unique().tolist() == [0]
    assert ours["criterion"].unique().tolist() == ["l1"]
    assert ours["loss"].tolist() == [0.025, 0.02]
    assert theirs["curve"].unique().tolist() == ["vgg mid, report", "vgg large, report"]
    assert theirs["psnr"].isna().all()
    assert theirs["seed"].isna().all()
    assert theirs["criterion"].unique().tolist() == ["inverse_psnr"]
    for column in ("loss", "inverse_psnr"):
        losses = theirs.set_index(["output", "epoch"])[column]
        assert losses["mid", 1] == 0.0402  # as the report prints them
        assert losses["large", 10] == 0.0416
    assert len(theirs) == 20


def test_seeds_are_written_as_whole_numbers(report, tmp_path):
    both = training_curves(history("vgg", {"mid": [0.05]}), report, [])
    write_table(tmp_path / "training.csv", both)
    lines = (tmp_path / "training.csv").read_text().splitlines()
    assert lines[1].startswith("vgg,0,1,mid,")
    assert lines[-1].startswith("vgg,,10,")


def test_a_model_that_the_report_has_not_stands_alone(report):
    both = training_curves(history("own", {"mid": [0.05]}), report, [])
    assert both["run"].unique().tolist() == ["this study"]
    (line,) = differences(both, {"mid": 0.04}).to_dict("records")
    assert (line["epochs"], line["last"], line["bicubic"]) == (0, 0.05, 0.04)
    missing = ("report_last", "mean_difference", "largest_difference")
    assert np.isnan([line[name] for name in missing]).all()


def test_differences_are_those_of_the_epochs_that_both_have(report):
    """The original study's first losses of basic are 0.0405, 0.0375 and 0.0369."""
    two = pd.concat([history("basic", {"mid": [0.0500, 0.0370, 0.0369]}, seed) for seed in (0, 1)])
    two.loc[two["seed"] == 1, "inverse_psnr"] += 0.0002
    (line,) = differences(training_curves(two, report, []), {"mid": 0.04}).to_dict("records")
    assert line["epochs"] == 3
    assert line["last"] == pytest.approx(0.0370)
    assert line["report_last"] == 0.0361
    apart = [0.0501 - 0.0405, 0.0371 - 0.0375, 0.0370 - 0.0369]
    assert line["mean_difference"] == pytest.approx(sum(apart) / 3)
    assert line["largest_difference"] == pytest.approx(apart[0])
    more = training_curves(history("basic", {"mid": [0.0400] * 33}), report, [])
    assert differences(more, {"mid": 0.04})["epochs"].tolist() == [10]
    late = history("basic", {"mid": [0.0300] * 10})
    (line,) = differences(training_curves(late, report, []), {"mid": 0.04}).to_dict("records")
    assert line["largest_difference"] == pytest.approx(0.0300 - 0.0405), "with its sign"


def test_bicubics_own_loss_is_the_mean_of_its_images(monkeypatch):
    monkeypatch.setattr("srcore.evaluation.beside_report.BATCH", 2)
    pyramids, rows = tiny_pyramids(7), np.array([0, 2, 3, 5, 6])
    found = bicubic_losses(pyramids, rows)
    for output, scale in {"mid": 2, "large": 4}.items():
        losses = []
        for row in rows:
            image = Image.fromarray(pyramids.low[row])
            side = scale * image.width
            made = np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))
            losses.append(1 / peak_signal_noise_ratio(getattr(pyramids, output)[row], made))
        assert found[output] == pytest.approx(np.mean(losses), rel=1e-5)
