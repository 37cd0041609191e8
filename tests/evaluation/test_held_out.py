import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tiny import tiny_linear, tiny_network

from srcore.common.tensors import to_images, to_tensor
from srcore.evaluation.held_out import evaluate_images
from srcore.images.matlab import luma
from srcore.inference.baselines import upscale
from srcore.metrics.seeds import mean_over_seeds

CPU = torch.device("cpu")
SCALES = {"mid": 2, "large": 4}
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def by_skimage(output: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM of two images (H, W, 3) uint8, by scikit-image alone."""
    return peak_signal_noise_ratio(target, output), structural_similarity(
        target, output, channel_axis=2, gaussian_weights=True, use_sample_covariance=False
    )


def line(table: pd.DataFrame, **where: object) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("output", SCALES)
def test_interpolation_is_judged_as_scikit_image_does(table, pyramids, held_out, method, output):
    for row in held_out:
        side = 16 * SCALES[output]
        made = Image.fromarray(pyramids.low[row]).resize((side, side), FILTERS[method])
        psnr, ssim = by_skimage(np.asarray(made), getattr(pyramids, output)[row])
        found = line(table, image=pyramids.names[row], method=method, output=output)
        assert found["psnr"] == pytest.approx(psnr, abs=1e-4)
        assert found["ssim"] == pytest.approx(ssim, abs=1e-4)


def test_networks_are_judged_as_saved_images(table, networks, pyramids, held_out):
    for network in networks:
        for output, images in network(to_tensor(pyramids.low[held_out])).items():
            for row, saved in zip(held_out, to_images(images), strict=True):
                psnr, ssim = by_skimage(saved, getattr(pyramids, output)[row])
                found = line(
                    table,
                    image=pyramids.names[row],
                    method=network.card.model,
                    seed=network.card.seed,
                    output=output,
                )
                assert found["psnr"] == pytest.approx(psnr, abs=1e-2)  # a last level may round away
                assert found["ssim"] == pytest.approx(ssim, abs=1e-3)


def test_every_held_out_image_is_judged_once_by_every_method(table, pyramids, held_out):
    assert len(table) == 5 * (2 * 5 + 1 + 2 + 2 + 2)
    assert set(table["image"]) == {pyramids.names[row] for row in held_out}
    keys = ["image", "method", "seed", "output"]
    assert not table.duplicated(keys).any()
    groups = dict(zip(pyramids.names, pyramids.groups, strict=True))
    assert (table["group"] == table["image"].map(groups)).all()


def test_the_gain_is_over_bicubic_on_the_same_image(table):
    for _, found in table.iterrows():
        same = {"image": found["image"], "output": found["output"]}
        bicubic = line(table, method="bicubic", **same)
        assert found["gain"] == pytest.approx(found["psnr"] - bicubic["psnr"])
    assert (table.loc[table["method"] == "bicubic", "gain"] == 0).all()


def test_a_perfect_network_is_capped_at_100_db(pyramids, held_out):
    class Perfect(torch.nn.Module):
        outputs = ("mid",)
        frozen = None

        def forward(self, low):
            target = {image.tobytes(): k for k, image in enumerate(pyramids.low)}
            rows = [target[image.tobytes()] for image in to_images(low)]
            return {"mid": to_tensor(pyramids.mid[rows])}

    network = dataclasses.replace(tiny_network("basic"), model=Perfect())
    found = evaluate_images([network], tiny_linear(), pyramids, held_out, CPU).query(
        "method == 'basic'"
    )
    assert found["psnr"].tolist() == [100] * 5
    np.testing.assert_allclose(found["ssim"], 1, atol=1e-5)


def test_the_linear_filter_stands_beside_the_interpolations(table, pyramids, held_out):
    for output, scale in SCALES.items():
        made = tiny_linear()(pyramids.low[held_out], scale)
        for row, image in zip(held_out, made, strict=True):
            psnr, ssim = by_skimage(image, getattr(pyramids, output)[row])
            found = line(table, image=pyramids.names[row], method="linear", output=output)
            assert found["psnr"] == pytest.approx(psnr, abs=1e-4)
            assert found["ssim"] == pytest.approx(ssim, abs=1e-4)


def test_only_what_was_trained_has_a_seed(table):
    seeds = table.groupby("method")["seed"].agg(lambda of: of.dropna().unique().tolist())
    assert seeds.to_dict() == {
        **{name: [] for name in (*FILTERS, "linear")}, "basic": [0], "multi": [0, 1], "vgg": [0],
    }  # fmt: skip


def test_weights_stand_beside_what_depends_on_them(table):
    named = table.groupby("method")["weights"].unique().map(list)
    assert named.pop("vgg") == ["random weights"]
    assert named.map(lambda weights: weights == [""]).all()


def test_seeds_are_averaged_image_by_image(table):
    mean = mean_over_seeds(table)
    assert len(mean) == 5 * (2 * 5 + 1 + 2 + 2)
    assert list(mean) == ["image", "group", "method", "output", "weights", "psnr", "ssim", "gain"]
    both = table.query("method == 'multi' and output == 'mid' and image == '004.png'")
    found = line(mean, method="multi", output="mid", image="004.png")
    assert both["seed"].tolist() == [0, 1]
    assert found["psnr"] == pytest.approx(both["psnr"].mean())
    assert list(dict.fromkeys(mean["method"])) == list(dict.fromkeys(table["method"]))


def test_what_is_asked_for_beside_changes_nothing_else(table, fuller):
    assert list(fuller) == [
        "image", "group", "method", "output", "seed", "psnr", "ssim", "psnr_y", "weights", "gain"
    ]  # fmt: skip
    same = fuller[fuller["method"].isin(table["method"])].drop(columns="psnr_y")
    pd.testing.assert_frame_equal(same.reset_index(drop=True), table, rtol=1e-5)


def test_luma_has_its_own_psnr(fuller, pyramids):
    low, row = pyramids.low, pyramids.names.index("004.png")
    made = upscale(np.array(low[row : row + 1]), "bicubic", 2)[0]
    error = np.square(luma(made) - luma(pyramids.mid[row])).mean()
    found = line(fuller, image="004.png", method="bicubic", output="mid")
    assert found["psnr_y"] == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)


def test_an_ensemble_is_the_mean_of_eight_runs(fuller, networks, pyramids):
    network = networks[2]
    row = pyramids.names.index("004.png")
    low = to_tensor(np.array(pyramids.low[row : row + 1]))
    total = torch.zeros(1, 3, *pyramids.mid.shape[1:3])
    for mirrored in (False, True):
        for quarter in range(4):
            x = torch.rot90(low.flip(3) if mirrored else low, quarter, (2, 3))
            y = torch.rot90(network(x)["mid"], -quarter, (2, 3))
            total += (y.flip(3) if mirrored else y) / 8
    psnr, _ = by_skimage(to_images(total)[0], pyramids.mid[row])
    found = line(fuller, image="004.png", method="multi+", seed=1, output="mid")
    assert found["psnr"] == pytest.approx(psnr, abs=1e-2)


def test_the_order_of_lines_is_the_same_whatever_the_batch(table, networks, pyramids, held_out):
    whole = evaluate_images(networks, tiny_linear(), pyramids, held_out, CPU)
    pd.testing.assert_frame_equal(table, whole, rtol=1e-5)
