"""Every stage declares the code that it runs, so that an edit re-runs what it must, no more."""

import ast
from pathlib import Path

import pytest
import yaml
from commands import ran

EXCEPTED = ("srcore/models/registry.py", "srcore/params")
"""The lazy table of models, and the schema, whose every change would otherwise re-run the study."""


def stages(root: Path) -> dict[str, dict[str, list[str]]]:
    """Name as the recorder writes it → the stage, from both files."""
    found = {}
    for file in (root / "dvc.yaml", root / "stages" / "dvc.yaml"):
        for stage in yaml.safe_load(file.read_text())["stages"].values():
            command = stage["cmd"].split()
            assert command[:2] == ["python", "-m"], "a stage must import the code of its own folder"
            found["_".join([command[2].removeprefix("stages."), *command[3:]])] = stage
    return found


def recorded(root: Path, imports: dict[str, set[str]]) -> dict[str, dict[str, list[str]]]:
    """The stages that noted what they import."""
    return {name: stage for name, stage in stages(root).items() if name in imports}


def only_a_docstring(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return all(isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) for item in body)


@pytest.fixture(params=["one model", pytest.param("all", marks=pytest.mark.slow)])
def imports(request) -> dict[str, set[str]]:
    """Stage, with its arguments → the modules of the project that it imported."""
    if request.param == "one model":
        return request.getfixturevalue("one_model")[0].imports
    return request.getfixturevalue("built_once").imports


def test_the_stages_of_one_model_were_recorded(one_model):
    clone, said = one_model
    assert set(clone.imports) == set(ran(said))


@pytest.mark.slow
def test_every_stage_was_run_and_recorded(root, built_once):
    assert set(built_once.imports) == set(stages(root))


def source(root: Path, module: str) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_no_stage_imports_code_it_does_not_declare(root, imports):
    undeclared = {}
    for name, stage in recorded(root, imports).items():
        script = Path(*stage["cmd"].split()[2].split(".")).with_suffix(".py")
        files = {source(root, module).relative_to(root) for module in imports[name]} | {script}
        for file in sorted(files):
            if str(file).startswith(EXCEPTED) or only_a_docstring(root / file):
                continue
            if not any(str(parent) in stage["deps"] for parent in [file, *file.parents]):
                undeclared.setdefault(name, []).append(str(file))
    assert undeclared == {}


def test_no_stage_declares_code_it_does_not_import(root, imports):
    idle = {}
    for name, stage in recorded(root, imports).items():
        files = {dep for dep in stage["deps"] if dep.startswith("srcore/") and dep.endswith(".py")}
        modules = {dep.removesuffix(".py").replace("/", ".") for dep in files - set(EXCEPTED)}
        if left := modules - imports[name]:
            idle[name] = sorted(left)
    assert idle == {}


@pytest.mark.parametrize("file", ["dvc.yaml", "stages/dvc.yaml"])
def test_every_stage_says_what_it_does(root, file):
    for name, stage in yaml.safe_load((root / file).read_text())["stages"].items():
        assert stage.get("desc"), f"{name} has no desc"


def test_sizes_of_files(root):
    lines = {path: len(path.read_text().splitlines()) for path in root.glob("s*/**/*.py")}
    assert [
        path for path, count in lines.items() if path.parts[-2] == "stages" and count > 40
    ] == []
    assert [path for path, count in lines.items() if "srcore" in path.parts and count > 300] == []
