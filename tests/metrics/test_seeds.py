import statistics

import pandas as pd
import pytest

from srcore.metrics.seeds import mean_over_seeds, spread_over_seeds

TABLE = pd.DataFrame(
    [
        ("b.png", "multi", 0, 20.0, 0.5, 1.0),
        ("a.png", "multi", 0, 30.0, 0.7, 2.0),
        ("b.png", "multi", 1, 22.0, 0.6, 3.0),
        ("a.png", "multi", 1, 33.0, 0.9, 5.0),
        ("a.png", "basic", 0, 25.0, 0.8, 0.5),
    ],
    columns=["image", "method", "seed", "psnr", "ssim", "gain"],
)


def test_lines_that_differ_in_seed_alone_become_their_mean():
    mean = mean_over_seeds(TABLE)
    assert list(mean) == ["image", "method", "psnr", "ssim", "gain"]
    assert mean["image"].tolist() == ["b.png", "a.png", "a.png"]
    assert mean["method"].tolist() == ["multi", "multi", "basic"]
    assert mean["psnr"].tolist() == [21.0, 31.5, 25.0]
    assert mean["ssim"].tolist() == pytest.approx([0.55, 0.8, 0.8])
    assert mean["gain"].tolist() == [2.0, 3.5, 0.5]


def test_the_spread_is_that_of_the_means_over_images():
    part = TABLE[TABLE.method == "multi"]
    expected = statistics.stdev([25.0, 27.5])
    found = spread_over_seeds(part)
    assert found == {"seeds": 2, "gain_spread": expected}
    assert spread_over_seeds(TABLE[TABLE.method == "basic"]) == {}
