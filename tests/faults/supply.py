"""What is installed, and what runs on the machines of a workflow: named exactly, or refused."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.fault import Act, Area, Ending, Fault, Refused, code, no_traceback
from faults.project import ROOT, Lab, Project, Tried

HASHES = "python .ci/hashes.py report.json"
INSTALL = "pip install --no-index --find-links wheels --target there --require-hashes -r hashed.txt"
HAS = "report.json: has theirs 1.0, and constraints.txt names {}; change one"
LINT = "zizmor --offline --no-progress .github"
WORKFLOW = ".github/workflows/study.yml"


@dataclass(frozen=True)
class ProgramRefuses:
    """Another program fails with this in what it prints, and installs nothing."""

    what: str

    def __str__(self) -> str:
        return f"it fails: {code(self.what)}"

    def check(self, fault: Fault, project: Project, tried: Tried, lab: Lab) -> None:
        no_traceback(tried)
        assert tried.code != 0, tried.printed
        assert self.what in tried.printed, tried.printed
        assert not (project / "there").exists()


def wheel(folder: Path, name: str, text: str = "") -> Path:
    """A package of one module, in the real format."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest())
        record += f"{path},sha256={digest.decode().rstrip('=')},{len(content)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return path


def installing(*names: str, named: str = "1.0") -> Act:
    """Pip's report of an installation of packages that constraints.txt names, or does not."""

    def make(project: Project) -> None:
        (project / ".ci").mkdir()
        shutil.copy(ROOT / ".ci/hashes.py", project / ".ci/hashes.py")
        pins = "".join(f"{name}=={named}\n" for name in names) if named else ""
        (project / "constraints.txt").write_text(f"# versions\ntorch==2.14.1\n{pins}")
        for name in names:
            wheel(project / "wheels", name)
        command = "-m pip install --dry-run --no-index --find-links wheels --report report.json"
        subprocess.run(
            [sys.executable, *command.split(), *names],
            cwd=project.path,
            check=True,
            capture_output=True,
        )

    return make


def of_download(info: dict[str, Any] | None) -> Act:
    """A report in which one package came in another way."""

    def make(project: Project) -> None:
        installing("theirs")(project)
        path = project / "report.json"
        report = json.loads(path.read_text())
        report["install"][0]["download_info"] = info
        path.write_text(json.dumps(report))

    return make


def no_report(project: Project) -> None:
    installing("theirs")(project)
    (project / "report.json").write_text("Would install theirs-1.0\n")


def hashes(project: Project) -> None:
    """The list of hashes, of both packages."""
    installing("theirs", "another")(project)
    tried = project.run(HASHES)
    assert tried.code == 0, tried.printed
    (project / "hashed.txt").write_text(tried.printed)


def swapped(project: Project) -> None:
    hashes(project)
    wheel(project / "wheels", "theirs", "print('another program')")


def unlisted(project: Project) -> None:
    """One line of the list has no hash."""
    hashes(project)
    path = project / "hashed.txt"
    path.write_text(re.sub(r" --hash=\S+", "", path.read_text(), count=1))


def workflow(change: Callable[[str], str]) -> Act:
    """A workflow that was changed."""

    def make(project: Project) -> None:
        path = project / WORKFLOW
        path.parent.mkdir(parents=True)
        text = (ROOT / WORKFLOW).read_text()
        path.write_text(text)
        assert project.run(LINT).code == 0, "as it is, nothing is found"
        changed = change(text)
        assert changed != text
        path.write_text(changed)

    return make


def pip(what: str, command: str, ending: Ending, make: Act) -> Fault:
    return Fault(what, command, ending, make, slow=True)


SUPPLY = Area(
    "What is installed, and what workflows run",
    [
        pip(
            "a package that constraints.txt does not name",
            HASHES,
            Refused(HAS.format("no version")),
            installing("theirs", named=""),
        ),
        pip(
            "a package of another version than constraints.txt names",
            HASHES,
            Refused(HAS.format("2.0")),
            installing("theirs", named="2.0"),
        ),
        pip(
            "a package from a repository, without a hash",
            HASHES,
            Refused("report.json: theirs has no hash; take it from a package registry"),
            of_download({"url": "https://x/theirs.git", "vcs_info": {"vcs": "git"}}),
        ),
        pip(
            "a package from a folder, without a hash",
            HASHES,
            Refused("report.json: theirs has no hash; take it from a package registry"),
            of_download({"url": "file:///theirs", "dir_info": {"editable": True}}),
        ),
        pip(
            "a report without what pip says of a package",
            HASHES,
            Refused("report.json: not a report of pip; write it with --report"),
            of_download(None),
        ),
        pip(
            "something else in place of pip's report",
            HASHES,
            Refused("report.json: not a report of pip; write it with --report"),
            no_report,
        ),
        pip(
            "a package whose file is another one than its hash is of",
            INSTALL,
            ProgramRefuses("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE"),
            swapped,
        ),
        pip(
            "a package without a hash in the list",
            INSTALL,
            ProgramRefuses("Hashes are required in --require-hashes mode"),
            unlisted,
        ),
        *(
            Fault(what, LINT, ProgramRefuses(audit), workflow(change))
            for what, audit, change in (
                (
                    "an action named by a tag, which can be moved",
                    "error[unpinned-uses]",
                    lambda text: re.sub(r"checkout@\S+", "checkout@v4", text, count=1),
                ),
                (
                    "a checkout that keeps its token",
                    "warning[artipacked]",
                    lambda text: text.replace("persist-credentials: false", "fetch-depth: 0"),
                ),
                (
                    "the title of a pull request in a script",
                    "error[template-injection]",
                    lambda text: text.replace(
                        "srcore --help", "echo ${{ github.event.pull_request.title }}"
                    ),
                ),
            )
        ),
    ],
)
