"""docs/adding_a_model.md, done to the letter."""

import re
import sys

import pytest
from commands import arguments, ran

from srcore.evaluation.tables import parse_figures


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_a_model_added_as_the_docs_say_is_trained_and_judged(built, shell, root):
    text = (root / "docs/adding_a_model.md").read_text()
    module, line = blocks(text, "python")
    (stage,) = blocks(text, "yaml")
    (built.path / "srcore/models/wide.py").write_text(module)
    built.edit("srcore/models/registry.py", '    "subpixel": ', f'{line}    "subpixel": ')
    built.edit("stages/dvc.yaml", "  train_all:", f"{stage}\n  train_all:")
    shell("make docs")
    assert "| `wide` | one wide layer |" in (built.path / "README.md").read_text()
    assert "& train_wide" in (built.path / "docs/pipeline.md").read_text()
    assert "'wide'" in (built.path / ".dvc/plots/training.json").read_text()
    assert "`wide`" in (built.path / "docs/parameters.md").read_text()

    names = ran(built.run(*arguments("dvc exp run -S model=wide")))
    assert "train_wide" in names
    assert {name for name in names if name.startswith(("train_", "features_"))} == {"train_wide"}
    figures = parse_figures((built.path / "plots/methods.csv").read_text())
    assert figures["wide"]["parameters"] == 3 * 128 * 9 + 128 + 6 * 129
    assert {"mid", "large"} <= set(figures["wide"])
    # Of the set, nothing is to be trained but the new one, which is there.
    dry = ran(built.run("dvc", "repro", "--dry", "stages/dvc.yaml:train_all"))
    assert dry == ["train_all"]
    # The tests of every model know it.
    tests = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "wide"]
    printed = built.run(*tests, "tests/models/test_models.py")
    assert re.search(r"\d passed", printed)
