"""The whole analysis: every file, its shape, and what it says of the weights."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny import relabelled, tiny_clip, tiny_network, tiny_pyramids

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.evaluation.clip import analyse as module
from srcore.evaluation.clip.analyse import analyse
from srcore.evaluation.clip.descriptions import CLASSES
from srcore.params import load_params
from srcore.params.schema import ClipAnalysis

LABELS = (("dog",), ("car", "person"), (), ("cat",), ("sofa",), ("dog",))
HELD_OUT = np.array([0, 1, 2, 4, 5])
FILES = {
    "metrics/clip_analysis.json",
    *(f"plots/clip_{name}" for name in ("best.csv", "matrix.csv", "meaning.csv", "images.csv")),
    *(f"plots/clip_{name}.png" for name in ("matrix", "meaning", "images")),
}


def run(out, label="random weights", descriptions=(), labels=LABELS, images=3, networks=None):
    """Analyse a small study; gives the summary."""
    clip = relabelled(tiny_clip(), label)
    networks = [tiny_network("basic"), tiny_network("multi")] if networks is None else networks
    settings = ClipAnalysis(images=images, seed=0, descriptions=list(descriptions))
    pyramids = tiny_pyramids(6, labels=labels)
    analyse(networks, pyramids, HELD_OUT, clip, settings=settings, resamples=200, out=out)
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


def test_random_weights_leave_the_accuracy_out(random):
    out, summary = random
    assert "accuracy" not in str(summary)
    assert "accuracy" not in csv(out, "meaning")
    assert set(summary) == {"weights", "note", "images", "nearest", "bicubic", "basic", "multi"}


def test_the_metrics_have_the_documented_shape(random):
    _, summary = random
    assert summary["images"] == 5  # all that are held out, not just those of the matrix
    assert set(summary["basic"]) == {"mid"}
    assert set(summary["multi"]) == {"mid", "large"}
    for method in ("nearest", "bicubic", "basic", "multi"):
        for entry in summary[method].values():
            assert entry.keys() == {"cosine", "cosine_low", "cosine_high"}
            assert -1 <= entry["cosine_low"] <= entry["cosine"] <= entry["cosine_high"] <= 1
    assert summary["bicubic"]["mid"]["cosine"] > summary["basic"]["mid"]["cosine"]  # untrained


def test_annotations_and_trained_weights_give_the_accuracy(trained):
    out, summary = trained
    assert summary["weights"] == "weights of clip.pt"
    assert "note" not in summary
    assert summary["annotated"] == 4
    assert set(summary["low resolution"]) == {"low"}
    assert set(summary["target"]) == {"mid", "large"}
    for method in ("low resolution", "bicubic", "basic", "multi", "target"):
        for entry in summary[method].values():
            assert entry["accuracy"] in (0, 0.25, 0.5, 0.75, 1)
    assert "accuracy" in csv(out, "meaning")
    assert set(csv(out, "matrix")["clip"]) == {"weights of clip.pt"}


def test_without_annotations_there_is_no_accuracy(tmp_path):
    summary = run(tmp_path, "weights of clip.pt", labels=((),) * 6, networks=[])
    assert set(summary) == {"weights", "images", "nearest", "bicubic"}


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


def test_own_descriptions_leave_the_accuracy_to_the_classes(tmp_path):
    summary = run(tmp_path, "weights of clip.pt", descriptions=["a dog"], networks=[])
    assert summary["annotated"] == 4
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
    assert calls == [{"low": False}]


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_sentence_is_refused_before_any_work(root, tmp_path, empty):
    text = (root / "params.yaml").read_text()
    changed = text.replace("descriptions: []", f"descriptions: [a dog, {empty!r}]")
    assert changed != text
    (tmp_path / "params.yaml").write_text(changed.replace("'\\n'", '"\\n"'))
    with pytest.raises(StudyError, match=r"clip_analysis\.descriptions") as caught:
        load_params(tmp_path / "params.yaml")
    said = str(caught.value)
    assert "sentence 2 is empty" in said
    assert "\n" not in said
