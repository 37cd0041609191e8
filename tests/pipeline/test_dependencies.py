"""Every stage declares the code that it runs, so that an edit re-runs what it must, no more."""

import ast
from pathlib import Path

import pytest
import yaml
from commands import ran

EXCEPTED = ("srcore/__init__.py", "srcore/models/registry.py", "srcore/params")
"""Lazy tables and names, and the schema, whose every change would otherwise re-run the study."""
FETCHING = ("srcore/data/download.py", "srcore/data/transfer.py")
ON_DEMAND = {
    "download": (*FETCHING, "srcore/data/archive.py", "srcore/data/dataset.py"),
    "train_shipped": ("srcore/models/subpixel.py",),
    **dict.fromkeys(("evaluate", "compare", "clip_analysis", "benchmark"), FETCHING),
}
"""Stage → what it imports for another source of images, or for weights that are to be fetched."""
TABLES = ("srcore/models", "srcore/features", "srcore/metrics", "srcore/data/sources")
"""Folders of things that a table names: a run needs those that it was asked for."""


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
    clone, printed = one_model
    assert set(clone.imports) == set(ran(printed))


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


def code_of(root: Path, dep: str) -> list[str]:
    """The files of code behind a dependency: itself, or all below a folder."""
    if not dep.startswith("srcore/"):
        return []
    path = root / dep
    found = sorted(path.rglob("*.py")) if path.is_dir() else [path] * (path.suffix == ".py")
    return [str(file.relative_to(root)) for file in found if not only_a_docstring(file)]


def idle_code(
    root: Path, stage: dict[str, list[str]], modules: set[str], on_demand: tuple[str, ...] = ()
) -> list[str]:
    """What a stage declares and does not import; of a folder of a table one file is enough."""
    used = {str(source(root, module).relative_to(root)) for module in modules}
    idle = []
    for dep in stage["deps"]:
        files = code_of(root, dep)
        left = [f for f in files if f not in used and not f.startswith((*EXCEPTED, *on_demand))]
        idle += [] if dep in TABLES and len(left) < len(files) else left
    return idle


def test_no_stage_declares_code_it_does_not_import(root, imports):
    found = {
        name: left
        for name, stage in recorded(root, imports).items()
        if (left := idle_code(root, stage, imports[name], ON_DEMAND.get(name, ())))
    }
    assert found == {}


def test_idle_and_missing_dependencies_would_be_noticed(root):
    """Of a folder, too: the test above would be worth nothing if it did not look inside."""
    train = {"deps": ["srcore/common", "srcore/training"]}
    modules = {f"srcore.common.{p.stem}" for p in (root / "srcore/common").glob("*.py")}
    modules |= {f"srcore.training.{p.stem}" for p in (root / "srcore/training").glob("*.py")}
    modules = {module.removesuffix(".__init__") for module in modules}
    assert idle_code(root, train, modules) == []
    assert idle_code(root, train, modules - {"srcore.training.augment"}) == [
        "srcore/training/augment.py"
    ]


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
