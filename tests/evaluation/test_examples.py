"""The comparison: which images, which detail, and that figures are those of the evaluation."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tiny import CPU, noisy_network, tiny_linear, tiny_scenes

from srcore.common.errors import StudyError
from srcore.common.tensors import to_images, to_tensor
from srcore.evaluation.examples import Detail, choose, compare, find_detail, write_comparison
from srcore.evaluation.held_out import evaluate_images
from srcore.metrics.table import METRICS

ALL = np.arange(7)


@pytest.fixture(scope="module")
def data():
    return tiny_scenes()


def names(data, chosen) -> list[str]:
    return [data.names[index] for index in chosen]


def test_the_choice_follows_the_seed(data):
    choices = [tuple(choose(data, ALL, 3, [], seed)) for seed in range(20)]
    assert choices == [tuple(choose(data, ALL, 3, [], seed)) for seed in range(20)]
    assert len(set(choices)) > 3


@pytest.mark.parametrize("seed", range(8))
def test_scenes_take_turns(data, seed):
    for count, scenes in ((1, 1), (2, 2), (3, 3), (5, 3)):
        chosen = choose(data, ALL, count, [], seed)
        assert len(set(chosen)) == count
        assert len({data.groups[index] for index in chosen}) == scenes
    five = [data.groups[index] for index in choose(data, ALL, 5, [], seed)]
    assert five.count("astronaut") == five.count("coffee") == 2


def test_only_held_out_images_are_chosen_and_each_once(data):
    assert choose(data, np.array([1, 3, 6]), 24, [], 0).tolist() == [1, 3, 6]


def test_by_name_in_the_order_asked(data):
    asked = ["coffee-1.png", "astronaut-0.png", "coffee-1.png"]
    assert names(data, choose(data, ALL, 1, asked, 0)) == ["coffee-1.png", "astronaut-0.png"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("coffee-9.png", "no image of this data set"),
        ("chelsea-0.png", "not among the images judged"),
    ],
)
def test_an_unknown_name_is_one_line_with_the_nearest(data, name, why):
    with pytest.raises(StudyError) as error:
        choose(data, ALL[:-1], 3, ["astronaut-0.png", name], 0)
    text = str(error.value)
    assert "\n" not in text
    assert "compare.names" in text
    assert f"{name!r} is {why}" in text
    assert "coffee-1.png" in text or name == "chelsea-0.png"


def differing(place: Detail, side: int) -> dict[str, list[np.ndarray]]:
    """Three methods at both sizes that agree but for noise in `place`, seen at one size only."""
    random = np.random.default_rng(0)
    outputs = {}
    for name, scale in (("mid", 2), ("large", 4)):
        base = random.integers(60, 190, (scale * side, scale * side, 3), np.uint8)
        outputs[name] = [base.copy() for _ in range(3)]
    patch = place.crop(outputs["large"][1], 4)
    patch[...] = 255 - patch
    return outputs


@pytest.mark.parametrize(("left", "top"), [(1, 1), (10, 5), (17, 17), (3, 14)])
def test_the_detail_is_where_methods_differ_most(left, top):
    place = Detail(left, top, 6)
    assert find_detail(differing(place, 24), 24) == place


def test_neither_a_cast_nor_the_border_decides():
    place = Detail(10, 5, 6)
    outputs = differing(place, 24)
    outputs["mid"][0] += 60  # over the whole image
    outputs["large"][2][:4] = 255  # one low-resolution pixel at the top
    assert find_detail(outputs, 24) == place


def test_methods_that_agree_still_get_a_detail_inside():
    same = [np.zeros((48, 48, 3), np.uint8)] * 2
    detail = find_detail({"mid": same}, 24)
    assert detail.crop(same[0], 2).shape == (12, 12, 3)


def test_a_detail_is_the_same_place_at_every_size(data):
    detail = Detail(6, 3, 6)
    for images in (data.low, data.mid, data.large):
        side = images.shape[1]
        top, left, size = (round(detail.fractions(24)[key] * side) for key in ("y", "x", "size"))
        expected = images[0][top : top + size, left : left + size]
        assert np.array_equal(detail.crop(images[0], side // 24), expected)


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    networks = [noisy_network(name) for name in ("basic", "multi", "vgg")]
    out = tmp_path_factory.mktemp("compare") / "compare"
    write_comparison(compare(networks, tiny_linear(), data, np.array([2, 5]), CPU), out)
    return networks, out, json.loads((out / "index.json").read_text())["images"]


def test_the_index_lists_every_file_and_no_other(written):
    _, out, index = written
    entries = [entry for image in index for row in image["outputs"].values() for entry in row]
    files = [entry["file"] for entry in entries] + [image["low"] for image in index]
    assert len(files) == len(set(files))
    assert {path.name for path in out.iterdir()} == {*files, "index.json"}


def test_methods_stand_in_order_and_say_their_weights(written):
    for image in written[2]:
        methods = {
            name: [entry["method"] for entry in row] for name, row in image["outputs"].items()
        }
        assert methods == {
            "mid": ["bicubic", "linear", "basic", "multi", "vgg", "target"],
            "large": ["bicubic", "linear", "multi", "vgg", "target"],
        }
        for row in image["outputs"].values():
            labels = {entry["method"]: (entry["label"], entry.get("weights")) for entry in row}
            assert labels["vgg"] == ("vgg (random weights)", "random weights")
            assert labels["multi"] == ("multi", "")
            assert "figures" not in row[-1]


def test_figures_are_those_of_the_evaluation(data, written):
    networks, _, index = written
    judged = evaluate_images(networks, tiny_linear(), data, np.array([2, 5]), CPU)
    judged = judged.set_index(["image", "output", "method"])
    for image in index:
        for output, row in image["outputs"].items():
            for entry in row[:-1]:
                expected = judged.loc[(image["name"], output, entry["method"])]
                assert list(entry["figures"]) == list(METRICS)
                for name, figure in entry["figures"].items():
                    assert figure == pytest.approx(expected[name], abs=1e-3)


def test_images_are_the_very_outputs(data, written):
    networks, out, index = written
    output = to_images(networks[1](to_tensor(data.low[5:6]))["large"])[0]
    assert np.array_equal(np.asarray(Image.open(out / "01.large.multi.png")), output)
    assert np.array_equal(np.asarray(Image.open(out / "01.large.target.png")), data.large[5])
    assert np.array_equal(np.asarray(Image.open(out / index[1]["low"])), data.low[5])


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_old(data, written, tmp_path):
    networks, out, _ = written
    again = tmp_path / "compare"
    again.mkdir()
    (again / "07.low.png").touch()
    write_comparison(compare(networks, tiny_linear(), data, np.array([2, 5]), CPU), again)
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {
        p.name: p.read_bytes() for p in out.iterdir()
    }


def test_one_model_with_one_output(data):
    (comparison,) = compare([noisy_network("basic")], tiny_linear(), data, np.array([0]), CPU)
    assert [shown.method for shown in comparison.outputs["mid"]][1:] == [
        "linear",
        "basic",
        "target",
    ]
    assert [shown.method for shown in comparison.outputs["large"]] == [
        "bicubic",
        "linear",
        "target",
    ]


def test_the_precision_of_a_training_is_named(data):
    network = noisy_network("multi", 3)
    trained = {"precision": "bf16-mixed", "processor": "cpu (AMX)"}
    network = replace(network, card=replace(network.card, trained=trained))
    (made,) = compare([network], tiny_linear(), data, np.array([0]), CPU)
    assert made.outputs["mid"][2].label == "multi (trained in bf16-mixed on cpu (AMX))"


def test_of_several_seeds_the_first_is_shown_and_named(data):
    networks = [
        noisy_network("multi", 3),
        noisy_network("multi", 7),
        noisy_network("vgg", 3),
        noisy_network("vgg", 7),
    ]
    (both,) = compare(networks, tiny_linear(), data, np.array([0]), CPU)
    labels = [shown.label for shown in both.outputs["mid"]]
    assert labels == [
        "bicubic",
        "linear",
        "multi (seed 3)",
        "vgg (seed 3, random weights)",
        "target",
    ]
    (first,) = compare([networks[0]], tiny_linear(), data, np.array([0]), CPU)
    assert first.outputs["mid"][2].label == "multi"
    assert both.outputs["mid"][2].figures == first.outputs["mid"][2].figures


def test_odd_sizes_of_pyramids_work():
    data = tiny_scenes(13)
    few = replace(data, names=data.names[:1], groups=data.groups[:1])
    (comparison,) = compare([noisy_network("multi")], tiny_linear(), few, np.array([0]), CPU)
    assert comparison.detail.size == 3
