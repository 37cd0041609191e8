"""What the evaluation leaves: the tables of methods and checkpoints, and the declared metrics."""

import dataclasses
import hashlib

import pandas as pd
import pytest
import torch
from tiny import tiny_network

from srcore.common.errors import StudyError
from srcore.common.files import write_json
from srcore.common.reading import read_json
from srcore.common.tables import write_table
from srcore.evaluation.methods import by_checkpoint, by_method, headline
from srcore.evaluation.tables import (
    CHECKPOINT_COLUMNS,
    METHOD_COLUMNS,
    figures_of,
    networks_of,
    parse_figures,
    read_checkpoints,
    read_figures,
)
from srcore.inference.network import ensembles
from srcore.metrics import cost
from srcore.metrics.paired import paired_difference
from srcore.metrics.seeds import mean_over_seeds
from srcore.models.checkpoint import save_checkpoint

CPU = torch.device("cpu")
OUTPUTS = ("mid", "large")
SIDE = 16


@pytest.fixture(scope="module")
def methods(table, networks) -> pd.DataFrame:
    return by_method(table, networks, SIDE)


@pytest.fixture(scope="module")
def summary(methods):
    return figures_of(methods)


def test_a_line_a_method_and_output_with_the_documented_columns(methods):
    assert list(methods) == list(METHOD_COLUMNS)
    assert list(zip(methods["method"], methods["output"], strict=True)) == [
        *((name, output) for name in ("nearest", "bilinear", "bicubic", "lanczos", "linear")
          for output in OUTPUTS),
        ("basic", "mid"), ("multi", "mid"), ("multi", "large"), ("vgg", "mid"), ("vgg", "large"),
    ]  # fmt: skip


def test_further_metrics_are_the_last_columns_and_an_ensemble_is_no_model(
    fuller, networks, methods, tmp_path
):
    found = by_method(fuller, networks + ensembles(networks), SIDE)
    assert list(found) == [*METHOD_COLUMNS, "psnr_y"]
    kinds = found.set_index("method")["kind"].to_dict()
    assert {name for name, kind in kinds.items() if kind == "ensemble"} == {
        "basic+", "multi+", "vgg+"
    }  # fmt: skip
    costs = found.groupby("method")["macs"].first()
    assert costs["vgg+"] == 8 * costs["vgg"]
    assert headline(found) == headline(methods)
    write_table(tmp_path / "methods.csv", found)
    figures = read_figures(tmp_path / "methods.csv")
    assert figures == parse_figures((tmp_path / "methods.csv").read_text())
    assert figures["vgg+"]["mid"]["psnr_y"] > figures["vgg+"]["mid"]["psnr"]
    assert networks_of(figures) == ["basic", "multi", "vgg"]


@pytest.mark.parametrize("column", ["method", "kind", "output"])
def test_a_line_that_does_not_say_what_it_is_of_is_refused(methods, tmp_path, column):
    methods = methods.copy()
    methods.loc[3, column] = ""
    write_table(tmp_path / "methods.csv", methods)
    message = rf"methods\.csv: damaged \(no {column} in a line\)"
    with pytest.raises(StudyError, match=message):
        read_figures(tmp_path / "methods.csv")
    with pytest.raises(ValueError, match=f"no {column} in a line"):
        parse_figures((tmp_path / "methods.csv").read_text())


def test_the_weights_of_a_metrics_network_stand_in_the_last_column(fuller, networks):
    labelled = fuller.assign(metric_weights="weights of vgg16.safetensors")
    found = by_method(labelled, networks + ensembles(networks), SIDE)
    assert list(found)[-2:] == ["psnr_y", "metric_weights"]
    assert set(found["metric_weights"]) == {"weights of vgg16.safetensors"}


def test_means_are_those_of_the_images(table, summary):
    part = mean_over_seeds(table).query("method == 'vgg' and output == 'large'")
    entry = summary["vgg"]["large"]
    for figure in ("psnr", "ssim", "gain"):
        assert entry[figure] == pytest.approx(part[figure].mean())
    assert "gain_low" not in entry  # three scenes


def many_scenes(table: pd.DataFrame) -> pd.DataFrame:
    """The same figures three times over, each image a scene of its own."""
    parts = [
        table.assign(image=table["image"] + str(n), group=table["image"] + str(n)) for n in "abc"
    ]
    return pd.concat(parts, ignore_index=True)


def test_from_ten_scenes_on_there_are_intervals(table, networks):
    many = many_scenes(table)
    summary = figures_of(by_method(many, networks, SIDE))
    baseline = many.query("method == 'bicubic' and output == 'mid'")
    for method in ("linear", "basic", "multi"):
        expected = paired_difference(many.query("method == @method and output == 'mid'"), baseline)
        entry = summary[method]["mid"]
        assert (entry["gain_low"], entry["gain_high"]) == (expected.low, expected.high)
    two_seeds, one = (summary[name]["mid"] for name in ("multi", "basic"))
    assert two_seeds["gain_high"] - two_seeds["gain_low"] > one["gain_high"] - one["gain_low"]


def test_bicubic_gains_nothing_over_itself(summary):
    assert summary["bicubic"]["mid"]["gain"] == 0
    assert not {"gain_low", "wins", "seeds"} & summary["bicubic"]["mid"].keys()


def test_wins_are_the_share_of_images_better_than_bicubic(table, summary):
    for method in ("nearest", "lanczos", "linear", "basic", "multi"):  # of one training
        part = table.query("method == @method and output == 'mid'")
        assert summary[method]["mid"]["wins"] == pytest.approx((part["gain"] > 0).mean())


def test_several_seeds_tell_their_number_and_spread(table, summary):
    entry = summary["multi"]["large"]
    means = table.query("method == 'multi' and output == 'large'").groupby("seed")["psnr"].mean()
    assert entry["seeds"] == 2
    assert entry["gain_spread"] == pytest.approx(abs(means[0] - means[1]) / 2**0.5)
    assert entry["gain"] == pytest.approx(entry["psnr"] - summary["bicubic"]["large"]["psnr"])
    assert summary["vgg"]["large"]["seeds"] == 1
    assert "gain_spread" not in summary["vgg"]["large"]


def test_costs_are_those_of_one_image_and_tell_the_frozen_part(networks, summary):
    found = {key: summary["vgg"][key] for key in ("parameters", "frozen_parameters", "macs")}
    assert found == {
        "parameters": 149_766,
        # Four 3×3 convolutions of 64, 64, 128 and 128 channels, with biases.
        "frozen_parameters": 9 * (3 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 64 + 64 + 128 + 128,
        "macs": cost.macs(networks[3].model, networks[3].extractor, SIDE),
    }
    assert summary["basic"]["frozen_parameters"] == 0
    assert "macs" not in summary["bicubic"]
    assert networks_of(summary) == ["basic", "multi", "vgg"]


def test_the_table_reads_as_it_was_written(methods, tmp_path):
    write_table(tmp_path / "methods.csv", methods)
    text = (tmp_path / "methods.csv").read_text()
    assert ",149766," in text, "counts are whole numbers"
    read = parse_figures(text)
    assert list(read) == list(figures_of(methods))
    assert read["vgg"]["mid"]["psnr"] == pytest.approx(
        figures_of(methods)["vgg"]["mid"]["psnr"], abs=5e-5
    )
    # One of a commit that knew fewer metrics.
    old = methods.drop(columns="ssim")
    write_table(tmp_path / "methods.csv", old)
    assert "ssim" not in parse_figures((tmp_path / "methods.csv").read_text())["vgg"]["mid"]
    write_table(tmp_path / "methods.csv", methods.drop(columns="psnr"))
    with pytest.raises(ValueError, match="no psnr"):
        parse_figures((tmp_path / "methods.csv").read_text())


def leaves(value: object) -> int:
    return sum(map(leaves, value.values())) if isinstance(value, dict) else 1


def test_declared_are_gain_and_psnr_of_each_network_the_best_first(methods, summary, tmp_path):
    declared = headline(methods)
    write_json(tmp_path / "evaluate.json", declared)
    assert read_json(tmp_path / "evaluate.json").keys() == declared.keys()
    assert list(declared) == ["best", "bicubic", "basic", "multi", "vgg"]
    assert list(declared["best"]) == list(OUTPUTS)
    assert set(declared["vgg"]["mid"]) == {"gain", "psnr"}
    assert leaves(declared) == 4 + 2 + 2 * 5
    for output in OUTPUTS:
        gains = {
            name: summary[name][output]["gain"]
            for name in ("basic", "multi", "vgg")
            if output in summary[name]
        }
        assert declared["best"][output] == {
            "gain": max(gains.values()),
            "model": max(gains, key=gains.__getitem__),
        }


def test_of_one_network_alone_none_is_the_best(table, networks):
    """Beside the best of many it would pass for a change."""
    alone = table[~table["method"].isin(["basic", "multi"])]
    assert "best" not in headline(by_method(alone, networks[3:], SIDE))
    two = by_method(table[table["method"] != "vgg"], networks[:3], SIDE)
    assert list(headline(two)["best"]) == ["mid"], "one of them has the other output"


def test_interpolation_is_never_the_best(table, networks):
    raised = table.copy()
    raised.loc[raised["method"] == "lanczos", "gain"] += 100
    assert headline(by_method(raised, networks, SIDE))["best"]["mid"]["model"] != "lanczos"


def test_every_checkpoint_with_its_hash_and_all_that_it_says(networks, tmp_path):
    trained = [{"lr": 0.00005, "flips": True, "loss": "l1"}, {"lr": 0.1, "device": "cpu"}]
    kept = [
        dataclasses.replace(network, card=dataclasses.replace(network.card, trained=trained_as))
        for network, trained_as in zip([networks[0], networks[3]], trained, strict=True)
    ]
    files = [save_checkpoint(one.model, one.card, tmp_path) for one in kept]
    found = by_checkpoint([*kept], tmp_path, SIDE)
    assert list(found) == [*CHECKPOINT_COLUMNS, "lr", "flips", "loss", "device"]
    write_table(tmp_path / "models.csv", found)
    read = read_checkpoints(tmp_path / "models.csv").set_index("model")
    assert read["sha256"].tolist() == [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
    assert read["lr"].tolist() == ["5e-05", "0.1"], "not rounded as a figure is"
    assert read["flips"].tolist() == ["yes", ""]
    assert read["device"].tolist() == ["", "cpu"]
    assert read["weights"].tolist() == ["", "random weights"]
    assert read["ours"].tolist() == ["no", "no"]


def test_which_networks_are_ours_is_a_property_of_their_class(tmp_path):
    ours = tiny_network("subpixel_no_skip")
    save_checkpoint(ours.model, ours.card, tmp_path)
    assert by_checkpoint([ours], tmp_path, SIDE)["ours"].tolist() == ["yes"]
