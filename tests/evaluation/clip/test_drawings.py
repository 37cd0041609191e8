"""The drawings: the same bytes every time, thumbnails in place, labels within the image."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tiny import tiny_pyramids

from srcore.evaluation.clip import fonts
from srcore.evaluation.clip.chart import draw_meaning
from srcore.evaluation.clip.fonts import DEFAULT, families_for
from srcore.evaluation.clip.heatmap import WIDEST, draw_descriptions, draw_images
from srcore.evaluation.clip.matrix import Matrix

NOTHING = "random weights: means nothing"
LONG = "a sentence that goes on and on about a dog and does not end before everybody has left " * 2


def made(count: int = 3, texts: tuple[str, ...] = ("a dog", "a cat"), names=None) -> Matrix:
    random = np.random.default_rng(0)
    names = names or tuple(f"{k:03}.png" for k in range(count))
    cosines = random.uniform(-1, 1, (count, len(texts)))
    images = np.clip(random.uniform(0, 1, (count, count)) + np.eye(count), 0, 1)
    return Matrix(names, ((),) * count, texts, cosines, cosines, images, NOTHING, "validation")


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved, to look for texts in them."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keeping(self, *arguments, **options):
        figures.append(self)
        return save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keeping)
    return figures


def test_a_dollar_in_the_name_of_weights_is_one(tmp_path, drawn):
    odd = "weights of a_$x^$.pth"
    made = table(scored=False).replace("random weights", odd).assign(clip=odd)
    draw_meaning(made, (72, 144, 288), tmp_path / "a.png", "test")
    assert f"vgg ({odd})" in texts(drawn[0])


def test_the_drawings_do_not_heed_the_users_style(tmp_path):
    def bytes_of(name: str) -> list[bytes]:
        draw_meaning(table(scored=True), (72, 144, 288), tmp_path / f"{name}.chart.png", "test")
        for draw in (draw_descriptions, draw_images):
            draw(made(), tiny_pyramids(3).mid, tmp_path / f"{name}.{draw.__name__}.png")
        return [path.read_bytes() for path in sorted(tmp_path.glob(f"{name}.*"))]

    plain = bytes_of("a")
    with mpl.rc_context({"font.size": 17, "axes.facecolor": "yellow", "savefig.dpi": 50}):
        assert bytes_of("b") == plain


def texts(figure: Figure) -> list[str]:
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    ticks = [t.get_text() for axes in figure.axes for t in axes.get_yticklabels()]
    title = figure.get_suptitle()
    return [*found, *ticks, title]


@pytest.mark.parametrize("draw", [draw_descriptions, draw_images])
def test_a_heat_map_is_the_same_bytes_every_time(tmp_path, draw):
    thumbnails = tiny_pyramids(3).mid
    for name in ("a.png", "b.png"):
        draw(made(), thumbnails, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert b"matplotlib" not in (tmp_path / "a.png").read_bytes()  # no version, so no change by it


@pytest.mark.parametrize("draw", [draw_descriptions, draw_images])
def test_a_heat_map_says_what_random_weights_mean(tmp_path, drawn, draw):
    draw(made(), tiny_pyramids(3).mid, tmp_path / "map.png")
    assert any(NOTHING in text for text in texts(drawn[0]))


def flat(colours: list[tuple[int, int, int]]) -> np.ndarray:
    """Images of one colour each, easily found again."""
    return np.stack([np.full((32, 32, 3), colour, np.uint8) for colour in colours])


COLOURS = [(255, 0, 255), (255, 0, 0), (0, 0, 1)]


def places(path, colour) -> np.ndarray:
    """(x, y) of every pixel of exactly this colour."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return np.argwhere((pixels == colour).all(axis=2))[:, ::-1]


def test_thumbnails_stand_along_the_side_in_order(tmp_path):
    draw_descriptions(made(), flat(COLOURS), tmp_path / "map.png")
    centres = [places(tmp_path / "map.png", colour).mean(axis=0) for colour in COLOURS[:2]]
    assert centres[0][0] == pytest.approx(centres[1][0], abs=1)  # one column
    assert centres[1][1] - centres[0][1] == pytest.approx(0.62 * 120, abs=2)  # one cell below


def test_thumbnails_stand_along_both_sides_of_the_images(tmp_path):
    draw_images(made(), flat(COLOURS), tmp_path / "map.png")
    for k, colour in enumerate(COLOURS[:2]):
        spots = places(tmp_path / "map.png", colour)
        spread = np.ptp(spots, axis=0)
        assert (spread > 70 * (k + 1)).all()  # one on the left, one on top
    whole = Image.open(tmp_path / "map.png").size
    assert abs(whole[0] - whole[1]) < 150


def test_no_label_is_cut_off(tmp_path):
    """A border of white is left on every side, however long the sentences and names are."""
    matrix = made(3, (LONG, LONG, "end"), names=("n" * 60 + ".png", "b", "c"))
    draw_descriptions(matrix, tiny_pyramids(3).mid, tmp_path / "map.png")
    dark = np.asarray(Image.open(tmp_path / "map.png").convert("L")) < 250
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    assert rows[0] > 8
    assert columns[0] > 8
    assert rows[-1] < len(dark) - 8
    assert columns[-1] < dark.shape[1] - 8


def test_long_sentences_are_wrapped_and_shortened_and_dollars_kept(tmp_path, drawn):
    draw_descriptions(made(3, (LONG, "$x_1$ costs $5")), tiny_pyramids(3).mid, tmp_path / "map.png")
    found = texts(drawn[0])
    assert "$x_1$ costs $5" in found
    (shortened,) = [text for text in found if text.startswith("a sentence")]
    assert shortened.endswith("…")
    assert shortened.count("\n") == 2
    assert max(map(len, shortened.split("\n"))) <= 32


def test_many_descriptions_are_drawn_in_part_and_it_is_said(tmp_path, drawn):
    many = tuple(f"sentence {k}" for k in range(WIDEST + 5))
    draw_descriptions(made(2, many), tiny_pyramids(2).mid, tmp_path / "map.png")
    found = texts(drawn[0])
    assert f"sentence {WIDEST - 1}" in found
    assert f"sentence {WIDEST}" not in found
    assert any(f"the first {WIDEST} of {WIDEST + 5}" in text for text in found)
    assert Image.open(tmp_path / "map.png").size[0] < 4000


@pytest.mark.parametrize("draw", [draw_descriptions, draw_images])
def test_one_image_and_one_sentence_are_enough(tmp_path, draw):
    draw(made(1, ("alone",)), tiny_pyramids(1).mid, tmp_path / "map.png")
    assert Image.open(tmp_path / "map.png").size[0] > 100


def test_equal_cosines_draw_as_well(tmp_path, drawn):
    matrix = made()
    matrix.cosines[:] = -0.001
    draw_descriptions(matrix, tiny_pyramids(3).mid, tmp_path / "map.png")
    assert "0.00" in texts(drawn[0])
    assert "−0.00" not in texts(drawn[0])


@pytest.fixture
def _only_dejavu(monkeypatch):
    """A machine without any other font."""
    monkeypatch.setattr(fonts, "_families", lambda: ())


@pytest.mark.usefixtures("_only_dejavu")
def test_sentences_that_no_font_shows_are_numbered(tmp_path, drawn):
    matrix = made(3, ("a dog", "犬がいる", "собака"), names=("犬.png", "b", "c"))
    draw_descriptions(matrix, tiny_pyramids(3).mid, tmp_path / "map.png")
    found = texts(drawn[0])
    assert {"a dog", "sentence 2", "собака", "image 1"} <= set(found)
    assert any("read them in clip_matrix.csv" in text for text in found)


@pytest.mark.parametrize("text", ["plain", "ä ß ñ ø", "Ελληνικά", "собака", "≠ × − …", ""])
def test_matplotlibs_own_font_shows_many_languages(text):
    assert families_for(text) == [DEFAULT]


@pytest.mark.usefixtures("_only_dejavu")
@pytest.mark.parametrize("text", ["犬", "dog 犬", "\x07", "\ue123", "🐕‍🦺 \U000f1234"])
def test_what_no_font_has_is_known(text):
    assert families_for(text) is None


def test_another_font_fills_in_what_is_missing(monkeypatch):
    has = {DEFAULT: set(map(ord, "dog ")), "A": set(map(ord, "犬x")), "B": set(map(ord, "猫犬"))}
    monkeypatch.setattr(fonts, "_characters", lambda family: frozenset(has[family]))
    monkeypatch.setattr(fonts, "_families", lambda: ("A", "B"))
    assert families_for("dog 犬") == [DEFAULT, "A"]
    assert families_for("dog 犬 猫") == [DEFAULT, "A", "B"]
    assert families_for("猫") == [DEFAULT, "B"]
    assert families_for("dog 鳥") is None


def test_a_font_of_boxes_is_no_font():
    assert not any(name.startswith("Last Resort") for name in fonts._families())


def table(scored: bool, few: bool = False) -> pd.DataFrame:
    lines = [
        ("nearest", "mid", "", 0.8), ("nearest", "large", "", 0.7),
        ("vgg", "mid", "random weights", 0.9), ("vgg", "large", "random weights", 0.85),
    ]  # fmt: skip
    found = pd.DataFrame(lines, columns=["method", "output", "weights", "survival"])
    half = np.nan if few else 0.05
    found["survival_low"], found["survival_high"] = (
        found["survival"] - half,
        found["survival"] + half,
    )
    chance = pd.DataFrame([{"method": "chance", "output": "", "weights": "", "survival": 0.0}])
    target = pd.DataFrame([{"method": "target", "output": "mid", "weights": ""}])
    found = pd.concat([found, target, chance], ignore_index=True)
    if scored:
        low = pd.DataFrame([{"method": "low resolution", "output": "low", "weights": ""}])
        found = pd.concat([low, found], ignore_index=True)
        found["map"] = 0.5
    return found.assign(clip=NOTHING)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("scored", [True, False])
def test_the_chart_names_methods_sizes_and_weights(tmp_path, drawn, scored, few):
    for name in ("a.png", "b.png"):
        draw_meaning(table(scored, few), (72, 144, 288), tmp_path / name, "test")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    found = texts(drawn[0])
    assert {"nearest", "vgg (random weights)"} <= set(found)
    assert ("low resolution" in found) is scored
    assert ("target" in found) is scored, "only its mean average precision is known"
    assert "chance" not in found
    assert any(NOTHING in text for text in found)
    sizes = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert sizes == (["144 × 144", "288 × 288"] + ["72 × 72"] * scored)
    assert len(drawn[0].axes) == 1 + scored
