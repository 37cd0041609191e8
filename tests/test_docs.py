"""The docs agree with the project: their commands, their drawings, their figures, their links."""

import ast
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from commands import as_shown, commands, shown, without_comments

from srcore.metrics.paired import Difference
from srcore.reporting import documentation
from srcore.reporting.page.ranking import VERDICTS

FILES = ("dvc.yaml", "stages/dvc.yaml")
DOCS = sorted(Path(__file__).parents[1].glob("docs/*.md"))
TOP = [Path(__file__).parents[1] / name for name in ("README.md", "CONTRIBUTING.md")]

Edges = set[tuple[str, str]]


@pytest.fixture(scope="module")
def generated() -> list[tuple]:
    """What `make docs` writes, each part written once: the costs of all networks take seconds."""
    return [(path, pattern, cache(part)) for path, pattern, part in documentation.generated()]


def test_what_is_generated_is_up_to_date(root, generated):
    """`make docs` would change nothing: tables, drawing, sets, order of plots, parameters."""
    for path, pattern, part in generated:
        found = re.search(pattern, (root / path).read_text(), flags=re.DOTALL)
        assert found, f"{path} has no place for what is generated"
        assert part() in found[0], f"{path} is stale: run `make docs`"


def test_a_stale_part_is_written_anew(root, tmp_path, generated, monkeypatch):
    monkeypatch.setattr(documentation, "generated", lambda: generated)
    for path, _, _ in generated:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((root / path).read_text())
    shutil.copy(root / "params.yaml", tmp_path)
    shutil.copy(root / "docs/parameters.md", tmp_path / "docs")
    assert documentation.write(tmp_path) == []
    readme = tmp_path / "README.md"
    readme.write_text(readme.read_text().replace("| `multi` | two outputs |", "| `multi` | ? |"))
    assert documentation.write(tmp_path) == [Path("README.md")]
    assert readme.read_text() == (root / "README.md").read_text()


def test_every_stage_is_in_the_table(root):
    _, section = (root / "docs/pipeline.md").read_text().split("\n## Stages\n")
    rows = re.findall(r"^\| (`.*?) \|", section.split("\n## ")[0], flags=re.MULTILINE)
    named = set(re.findall(r"`([\w<>]+)`", " ".join(rows)))
    for file in FILES:
        for stage in yaml.safe_load((root / file).read_text())["stages"]:
            assert stage in named or re.sub("train_.*", "train_<model>", stage) in named, stage


def headings(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("file", [*TOP, *DOCS], ids=lambda file: file.name)
def test_every_link_leads_somewhere(file, root):
    """To what a fresh clone has: an output that lies here would hide a broken link."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_comments(file.read_text())):
        if re.match("https?:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path) if path else file
        kept = subprocess.run(["git", "ls-files", found.resolve()], cwd=root, capture_output=True)
        assert found.exists(), target
        assert kept.stdout, f"{target} is not in git"
        assert not anchor or anchor in headings(found.read_text()), target


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_the_readme_leads_to_every_page(file):
    assert f"(docs/{file.name})" in "".join(path.read_text() for path in TOP)


def test_the_page_about_the_report_tells_all_its_parts(root):
    text = (root / "docs/report.md").read_text()
    templates = root / "srcore/reporting/templates"
    page = (templates / "report.html.j2").read_text()
    page = page.replace('{% include "clip.html.j2" %}', (templates / "clip.html.j2").read_text())
    parts = re.findall(r'<h2 id="\w+-title">(.*?)</h2>', page)
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == parts


def test_one_page_tells_every_verdict(root):
    """Those of the report page and those of reviews, in one table of docs/judging.md."""
    text = (root / "docs/judging.md").read_text().split("\n## What a verdict says\n")[1]
    for words in VERDICTS.values():
        assert words.format("…") in text or words == VERDICTS["worse"]  # never in a ranking
    by_verdict = {
        "same": Difference(0, 0, 0, 20, 20),
        "few": Difference(0.5, None, None, 2, 2),
        "noise": Difference(0.1, -0.4, 0.6, 20, 20, p=0.4),
        "better": Difference(0.5, 0.4, 0.6, 20, 20, p=0.01),
        "worse": Difference(-0.5, -0.6, -0.4, 20, 20, p=0.01),
    }
    assert by_verdict.keys() == VERDICTS.keys()
    for verdict, difference in by_verdict.items():
        assert difference.verdict == verdict
        words = f"**{difference.text}**" if difference.significant else difference.text
        cell = rf"^\| .* \| (\*\*better\*\*, )?{re.escape(words)}[, |]"
        assert re.search(cell, text, re.MULTILINE)


RUN_ELSEWHERE = {
    "make reproduce": ".github/workflows/study.yml",
    "make test": ".ci/run",
    "make test-slow": ".ci/run",
    "make lint": ".ci/run",
    "make faults > docs/faults.md": "tests/faults/test_faults.py",
    "make parameters > docs/parameters.md": "tests/params/test_params.py",
    'pip install -c constraints.txt -e ".[study]"': "Makefile",
    'pip install -c constraints.txt -e ".[s3]"': "Makefile",
    "NODE_RANK=0 MASTER_ADDR=10.0.0.1 MASTER_PORT=29500 "
    "dvc repro stages/dvc.yaml:train_vgg": "tests/training/test_distributed.py",
    "NODE_RANK=1 MASTER_ADDR=10.0.0.1 MASTER_PORT=29500 "
    "python -m stages.train vgg": "tests/training/test_distributed.py",
    'pip install -c constraints.txt -e ".[export]"': "Makefile",
    'pip install -c constraints.txt -e ".[benchmark]"': "Makefile",
    'pip install -c constraints.txt -e ".[perceptual]"': "Makefile",
    "dvc repro stages/dvc.yaml:train_shipped": "tests/pipeline/conftest.py",
    "pytest -m slow tests/ideas": "Makefile",  # as part of `make test-slow`
    "python3 -m venv .venv": "Makefile",
    ". .venv/bin/activate": "tests/pipeline/conftest.py",
    "python3 -m venv .venv-demo": ".github/workflows/study.yml",
    ". .venv-demo/bin/activate": ".github/workflows/study.yml",
    "pip install -c constraints.txt .": ".github/workflows/study.yml",
    'pip install ".[demo]"': ".github/workflows/study.yml",
    "srcore demo": "tests/demo/test_serving.py",
    'pip install --dry-run --ignore-installed -c constraints.txt --report report.json ".[dev]"': (
        ".github/workflows/study.yml"
    ),
    "python3 .ci/hashes.py report.json > hashed.txt": ".github/workflows/study.yml",
    "pip install --require-hashes -r hashed.txt": ".github/workflows/study.yml",
    "pip install --no-deps --no-build-isolation -e .": ".github/workflows/study.yml",
    "SRCORE_SET5=/my/Set5 pytest tests/evaluation/test_benchmark.py": (
        "tests/evaluation/test_benchmark.py"
    ),
}
"""Command of the docs → the file that runs it, where that is no test in tests/pipeline/."""


def run_by_tests(root: Path) -> set[str]:
    """All texts in the tests of DVC: what they run of the docs they name literally."""
    trees = [ast.parse(path.read_text()) for path in root.glob("tests/pipeline/test_*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.value for node in nodes if isinstance(node, ast.Constant)}


def test_every_command_of_the_docs_is_run(root):
    """By a test that types it, or by what `RUN_ELSEWHERE` names.

    Within a sentence, the beginning of a command that is run will do.
    """
    known = {text for text in run_by_tests(root) if isinstance(text, str)} | set(RUN_ELSEWHERE)
    by_nobody = [
        command
        for command in shown()
        if command.text not in known
        and not (command.within and any(t.startswith(f"{command.text} ") for t in known))
    ]
    assert by_nobody == [], "type them in tests/pipeline/test_session.py"


def test_no_command_is_named_that_the_docs_do_not_show():
    assert set(RUN_ELSEWHERE) <= {command.text for command in shown()}


def test_what_runs_elsewhere_is_there(root):
    texts = {file: (root / file).read_text() for file in RUN_ELSEWHERE.values()}
    (targets,) = re.findall(r"^for target in (.*); do$", texts[".ci/run"], flags=re.MULTILINE)
    assert {f"make {name}" for name in targets.split()} == {
        command for command, file in RUN_ELSEWHERE.items() if file == ".ci/run"
    }
    assert ".ci/run" in texts[".github/workflows/study.yml"]
    assert "make reproduce" in texts[".github/workflows/study.yml"]
    for target, module, file in (
        ("faults", "faults", "tests/faults/test_faults.py"),
        ("parameters", "srcore.params.reference", "tests/params/test_params.py"),
    ):
        assert f"docs/{target}.md" in texts[file]
        recipe = rf"^{target}: .*\n\t.*python -m {re.escape(module)}$"
        assert re.search(recipe, texts["Makefile"], flags=re.MULTILINE)
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert (
        'install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"'
        in (texts["Makefile"])
    )
    assert "srcore[test]" in extras["dev"]
    assert "srcore[study,benchmark,export,perceptual,s3]" in extras["test"]
    assert "$(PYTHON) -m venv --clear $(VENV)" in texts["Makefile"]
    assert "run: pip install -c constraints.txt . && " in texts[".github/workflows/study.yml"]
    for command, file in RUN_ELSEWHERE.items():
        if "hash" in command or "no-deps" in command:
            assert f"- run: {command}\n" in texts[file]
    assert 'os.environ.get("SRCORE_SET5")' in texts["tests/evaluation/test_benchmark.py"]


def test_commands_are_found_in_all_their_forms():
    text = """
Say `dvc repro` or `make
review BASE=main`, not `dvc.yaml`.

    dvc exp run -S a=1 \\
      -S b=2                 # a comment
    # no command
    error: dvc is no command here

```sh
SRCORE_X=/my/x pytest tests
```
```python
dvc = "no command"
```
"""
    assert list(commands(text)) == [
        ("dvc repro", True),
        ("make review BASE=main", True),
        ("dvc exp run -S a=1 -S b=2", False),
        ("SRCORE_X=/my/x pytest tests", False),
    ]
    with pytest.raises(AssertionError, match="no file of the docs shows: dvc nonsense"):
        as_shown("dvc nonsense")
    with pytest.raises(AssertionError, match="'vgg' is not in dvc repro"):
        as_shown("dvc repro", {"vgg": "basic"})
