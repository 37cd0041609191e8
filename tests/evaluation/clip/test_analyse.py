"""The whole analysis: every file, its shape, and what it says of the weights."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny import relabelled, tiny_clip, tiny_linear, tiny_network, tiny_pyramids

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.data.dataset import Split
from srcore.evaluation.clip import analyse as module
from srcore.evaluation.clip.analyse import analyse
from srcore.evaluation.clip.descriptions import CLASSES
from srcore.params import load_params
from srcore.params.schema import ClipAnalysis

LABELS = (("dog",), ("car", "person"), (), ("cat",), ("sofa",), ("dog",))
HELD_OUT = np.array([0, 1, 2, 4, 5])
SPLIT = Split(np.array([3]), HELD_OUT, np.array([], int))
FILES = {
    "metrics/clip_analysis.json",
    *(f"plots/clip_{name}" for name in ("best.csv", "matrix.csv", "meaning.csv", "images.csv")),
    *(f"plots/clip_{name}.png" for name in ("matrix", "meaning", "images")),
}


def run(
    out,
    label="random weights",
    descriptions=(),
    labels=LABELS,
    images=3,
    **given,
):
    """Analyse a small study; gives the summary."""
    clip = relabelled(tiny_clip(), label)
    networks = given.get("networks", [tiny_network("basic"), tiny_network("multi")])
    split = given.get("split", SPLIT)
    settings = ClipAnalysis(images=images, seed=0, descriptions=list(descriptions))
    pyramids = tiny_pyramids(6, labels=labels)
    analyse(networks, tiny_linear(), pyramids, split, clip, settings=settings, out=out)
    return read_json(out / "metrics/clip_analysis.json")


def csv(out, name: str) -> pd.DataFrame:
    return pd.read_csv(out / f"plots/clip_{name}.csv", keep_default_na=False, na_values=["-"])


@pytest.fixture(scope="module")
def random(tmp_path_factory):
    out = tmp_path_factory.mktemp("random")
    return out, run(out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    return out, run(out, "weights of clip.pt")


def test_it_writes_these_files_and_no_others(random):
    out, _ = random
    found = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert found == FILES


def test_random_weights_are_said_to_mean_nothing_everywhere(random):
    out, summary = random
    assert summary["weights"] == "random weights"
    assert summary["note"] == "random weights: these figures mean nothing"
    for name in ("best", "matrix", "meaning", "images"):
        assert set(csv(out, name)["clip"]) == {"random weights: means nothing"}


def test_random_weights_score_no_classes(random):
    out, summary = random
    assert not {"map", "hits"} & set(csv(out, "meaning"))
    assert list(summary) == ["weights", "note", "part", "images", "annotated", "survival"]


def test_the_metrics_have_the_documented_shape(random):
    _, summary = random
    assert summary["images"] == 5  # all that are held out, not just those of the matrix
    assert summary["part"] == "validation"
    assert set(summary["survival"]) == {"multi"}  # basic has no large output
    assert summary["survival"]["multi"] < 1


def test_the_test_part_is_judged_where_there_is_one(tmp_path):
    split = Split(np.array([3]), np.array([0, 1]), np.array([2, 4, 5]))
    summary = run(tmp_path, descriptions=["a dog"], networks=[], split=split)
    assert (summary["part"], summary["images"]) == ("test", 3)
    assert set(csv(tmp_path, "best")["image"]) == {"002.png", "004.png", "005.png"}


def test_annotations_and_trained_weights_score_the_classes(trained):
    out, summary = trained
    assert summary["weights"] == "weights of clip.pt"
    assert "note" not in summary
    assert summary["annotated"] == 4
    table = csv(out, "meaning").set_index(["method", "output"])
    for method in ("low resolution", "bicubic", "linear", "multi", "target"):
        assert table.loc[method]["map"].astype(float).between(0, 1).all()
        assert set(table.loc[method]["hits"].astype(float)) <= {0, 0.25, 0.5, 0.75, 1}
    assert {("chance", ""), ("always dog", "")} <= set(table.index)
    assert set(csv(out, "matrix")["clip"]) == {"weights of clip.pt"}


def test_without_annotations_no_classes_are_scored(tmp_path):
    summary = run(tmp_path, "weights of clip.pt", labels=((),) * 6, networks=[])
    assert summary["annotated"] == 0
    assert "map" not in csv(tmp_path, "meaning")


def test_without_descriptions_the_classes_of_voc_are_asked_for(random):
    out, _ = random
    matrix = csv(out, "matrix")
    assert matrix["description"].unique().tolist() == list(CLASSES.values())
    assert len(matrix) == 3 * 20
    assert len(csv(out, "images")) == 3 * 3
    best = csv(out, "best")
    assert len(best) == 3 * 3
    named = dict(zip([f"{k:03}.png" for k in range(6)], map(";".join, LABELS), strict=True))
    assert (best["labels"] == best["image"].map(named)).all()


@pytest.mark.parametrize(
    "descriptions",
    [
        ["just one"],
        ["a dog", "a cat", "a house", "a tree", "a boat"],  # more than images
        ["犬がいる", "собака бежит", "كلب", "ein Hund, der läuft", "🐕", "a, \"quoted\" 'one'"],
        ["twice", "twice"],
    ],
)
def test_own_descriptions_of_any_number_and_language(tmp_path, descriptions):
    run(tmp_path, descriptions=descriptions, networks=[])
    matrix = csv(tmp_path, "matrix")
    assert len(matrix) == 3 * len(descriptions)
    assert matrix["description"].tolist() == descriptions * 3
    assert matrix["number"].tolist() == list(range(1, len(descriptions) + 1)) * 3
    assert Image.open(tmp_path / "plots/clip_matrix.png").size[0] > 200


def test_own_descriptions_leave_the_score_to_the_classes(tmp_path):
    summary = run(tmp_path, "weights of clip.pt", descriptions=["a dog"], networks=[])
    assert summary["annotated"] == 4
    assert "map" in csv(tmp_path, "meaning")
    assert csv(tmp_path, "matrix")["description"].unique().tolist() == ["a dog"]


def test_more_images_than_are_held_out_are_all_of_them(tmp_path):
    run(tmp_path, images=64, descriptions=["a dog"], networks=[])
    assert csv(tmp_path, "matrix")["image"].tolist() == [f"{k:03}.png" for k in HELD_OUT]


def test_every_file_is_the_same_bytes_every_time(random, tmp_path):
    out, _ = random
    run(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_images_are_embedded_in_one_go(tmp_path, monkeypatch):
    calls = []
    real = module.embed_versions

    def counting(*arguments, **options):
        calls.append(options)
        return real(*arguments, **options)

    monkeypatch.setattr(module, "embed_versions", counting)
    run(tmp_path, networks=[])
    assert len(calls) == 1


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_sentence_is_refused_before_any_work(root, tmp_path, empty):
    text = (root / "params.yaml").read_text()
    changed = text.replace("descriptions: []", f"descriptions: [a dog, {empty!r}]")
    assert changed != text
    (tmp_path / "params.yaml").write_text(changed.replace("'\\n'", '"\\n"'))
    with pytest.raises(StudyError, match=r"clip_analysis\.descriptions") as caught:
        load_params(tmp_path / "params.yaml")
    message = str(caught.value)
    assert "sentence 2 is empty" in message
    assert "\n" not in message
