"""Step 8 on the page: images, what CLIP calls them, and how much of it survives."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_study import NETWORKS, SENTENCES, add_clip, make_study
from PIL import Image

from srcore.common.errors import StudyError
from srcore.reporting.page.render import render
from srcore.reporting.page.results import read_results

TRAINED = "weights of clip.pt"
RANDOM = "random weights: means nothing"


def section(folder: Path, root: Path, weights: str, *, scored: bool = True) -> str:
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(folder, root / "params.yaml", networks=kept, side=16, crops=3)
    add_clip(folder, weights, scored=scored)
    page = render(read_results(folder, params))
    return page.split('<section id="clip"')[1].split("</section>")[0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, root) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, section(folder, root, TRAINED)


def test_without_the_stage_there_is_no_section(tmp_path: Path, root: Path):
    params = make_study(tmp_path, root / "params.yaml", side=16, crops=3)
    page = render(read_results(tmp_path, params))
    assert 'id="clip"' not in page
    assert "#clip" not in page


def test_every_image_stands_with_its_best_descriptions(trained):
    folder, text = trained
    figures = re.findall("<figure>(.*?)</figure>", text, re.DOTALL)
    best = pd.read_csv(folder / "plots/clip_best.csv")
    names = best["image"].unique()
    assert len(figures) == len(names)
    low = np.load(folder / "data/pyramids/24.npy")
    for number, (figure, name) in enumerate(zip(figures, names, strict=True)):
        first = best[(best["image"] == name) & (best["rank"] == 1)].iloc[0]
        assert f"<strong>{first['description']}</strong>" in figure
        assert f"{first['cosine']:.2f}".replace("-", "−") in figure
        assert f"{name}: dog, car (difficult)" in figure
        source = re.search(r"base64,([^\"]+)", figure).group(1)
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))
        assert np.array_equal(shown, low[number])


def test_the_matrix_holds_every_cosine_and_marks_the_best(trained):
    folder, text = trained
    table = re.search('<table class="pairs cosines">.*?</table>', text, re.DOTALL).group(0)
    matrix = pd.read_csv(folder / "plots/clip_matrix.csv")
    written = [f"{value:.2f}".replace("-", "−") for value in matrix["cosine"]]
    cells = re.findall(r"<td>(?:<strong>)?([−0-9.]+)(?:</strong>)?</td>", table)
    assert sorted(cells) == sorted(written)
    assert table.count("<strong>") == matrix["image"].nunique()
    for sentence in SENTENCES:
        assert f'<th scope="row">{sentence}</th>' in table


def test_figures_of_survival_stand_with_intervals_and_verdicts(trained):
    _, text = trained
    row = re.search(r'<tr>\s*<th scope="row" data-value="multi">.*?</tr>', text, re.DOTALL).group(0)
    assert "0.900 <small>+0.850 to +0.950</small>" in row
    assert "+0.012 <small>+0.002 to +0.022</small>" in row
    assert "The small numbers beside a value are its 95 % interval." in text
    assert "better in these trainings" in row
    assert ">75 %</td>" in row
    assert ">0.654</td>" in row
    assert TRAINED in text
    assert "mean nothing" not in text
    assert "means nothing" not in text


def test_random_weights_are_folded_away_and_claim_nothing(tmp_path: Path, root: Path):
    text = section(tmp_path, root, RANDOM, scored=False)
    before, folded = text.split("<details>", 1)
    assert "CLIP has random weights here, so the values below mean nothing" in before
    assert "<table" not in before
    assert "<img" not in before
    assert folded.rstrip().endswith("</details>")
    assert "Verdict" not in text
    assert not re.search("better|worse|noise", text)
    assert "mAP" not in text


@pytest.mark.parametrize("file", ["clip_meaning.csv", "clip_matrix.csv", "clip_best.csv"])
def test_a_damaged_table_is_one_clear_line(tmp_path: Path, root: Path, file: str):
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, side=16, crops=3)
    add_clip(tmp_path, TRAINED)
    (tmp_path / "plots" / file).write_text("image,x\n")
    with pytest.raises(StudyError, match=file) as caught:
        read_results(tmp_path, params)
    assert "\n" not in str(caught.value)


def test_an_image_that_is_not_in_the_data_set_is_one_clear_line(tmp_path: Path, root: Path):
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, side=16, crops=3)
    add_clip(tmp_path, TRAINED)
    for name in ("clip_matrix", "clip_best"):
        file = tmp_path / "plots" / f"{name}.csv"
        file.write_text(file.read_text().replace("crop-002.png", "other.png"))
    with pytest.raises(StudyError, match=r"no image 'other\.png'"):
        read_results(tmp_path, params)


@pytest.mark.parametrize("file", ["clip_matrix", "clip_best"])
def test_tables_that_do_not_fit_each_other_are_one_clear_line(
    tmp_path: Path, root: Path, file: str
):
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, side=16, crops=3)
    add_clip(tmp_path, TRAINED)
    path = tmp_path / "plots" / f"{file}.csv"
    lines = path.read_text().splitlines(keepends=True)
    kept_lines = (
        lines[:-1]
        if file == "clip_matrix"
        else [line for line in lines if "crop-002.png" not in line]
    )
    path.write_text("".join(kept_lines))
    with pytest.raises(StudyError, match=rf"{file}\.csv: damaged \(.*crop-002\.png"):
        read_results(tmp_path, params)
