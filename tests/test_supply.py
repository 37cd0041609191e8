"""What is installed and what runs on others' machines is named exactly."""

import os
import re
import shutil
import stat
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "srcore"


def constraints(root: Path) -> dict[str, str]:
    """Package → its version on this machine."""
    found: dict[str, str] = {}
    for line in (root / "constraints.txt").read_text().splitlines():
        if text := line.partition("#")[0].strip():
            requirement = Requirement(text)
            (pin,) = requirement.specifier
            assert pin.operator == "==", line
            if requirement.marker is None or requirement.marker.evaluate():
                found[canonicalize_name(requirement.name)] = pin.version
    return found


def needed(name: str, extras: frozenset[str], found: dict[str, set[frozenset[str]]]) -> None:
    """All that a package needs, and what that needs in its turn, as far as it is installed."""
    name = canonicalize_name(name)
    if extras in found.setdefault(name, set()):
        return
    found[name].add(extras)
    try:
        requires = distribution(name).requires or []
    except PackageNotFoundError:  # it belongs to another kind of machine
        del found[name]
        return
    for text in requires:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            needed(requirement.name, frozenset(requirement.extras), found)


def test_constraints_name_all_that_is_installed(root: Path):
    found: dict[str, set[frozenset[str]]] = {}
    needed(OURS, frozenset({"dev", "export", "s3", "test"}), found)
    assert len(found) > 150
    assert sorted(set(found) - {OURS} - set(constraints(root))) == []


def test_actions_are_named_by_commit(root: Path):
    text = (root / ".github/workflows/study.yml").read_text()
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert len(used) >= 8
    for action, rest in used:
        assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r"  # v\d+\.\d+\.\d+", rest), f"{action}: say which version it is"


def test_the_workflow_may_only_read(root: Path):
    workflow = yaml.safe_load((root / ".github/workflows/study.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}


def test_dvc_keeps_its_site_cache_in_a_folder_of_its_owner(root: Path, tmp_path: Path):
    """A pickle that another user put where DVC looks by default would be run."""
    project = tmp_path / "my study"
    project.mkdir()
    shutil.copy(root / "Makefile", project)
    asked = [
        "make",
        "--no-print-directory",
        "--eval",
        "print:; @echo $$DVC_SITE_CACHE_DIR",
        "print",
    ]
    unset = {name: value for name, value in os.environ.items() if name != "DVC_SITE_CACHE_DIR"}
    done = subprocess.run(
        asked, cwd=project, env=unset, capture_output=True, text=True, check=True, umask=0
    )
    folder = Path(done.stdout.strip())
    assert folder == project / ".dvc/tmp/site"
    for made in (folder, folder.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == [project]
    own = subprocess.run(
        asked,
        cwd=project,
        env=unset | {"DVC_SITE_CACHE_DIR": str(tmp_path / "mine")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(own.stdout.strip()) == tmp_path / "mine"
