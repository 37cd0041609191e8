"""What is written and under which name: outputs, cells, Markdown, and options of other programs."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from faults.fault import Act, Area, Ending, Fault, Refused, code, like, no_traceback
from faults.hostile import Besides, linked, untouched
from faults.project import Lab, Project, Tried, photograph

THERE = "{}: already exists; --overwrite replaces it, --skip-existing leaves it"
HARM = "</td><script>x</script> # head ![i](//x) @all"
"""What a Markdown page would act upon."""


@dataclass(frozen=True)
class Goes:
    """Exit code 0, and something holds of what it printed and wrote."""

    what: str
    holds: Callable[[Project, Tried], bool]

    def __str__(self) -> str:
        return f"goes on; {self.what}"

    def check(self, fault: Fault, project: Project, tried: Tried, lab: Lab) -> None:
        no_traceback(tried)
        assert tried.code == 0, tried.printed
        assert self.holds(project, tried), tried.printed


@dataclass(frozen=True)
class MakeFails:
    """This line, and then make's own."""

    line: str

    def __str__(self) -> str:
        return f"make fails: {code('error: ' + self.line)}"

    def check(self, fault: Fault, project: Project, tried: Tried, lab: Lab) -> None:
        lines = no_traceback(tried)
        assert tried.code == 2, tried.printed
        assert [line for line in lines if like(f"error: {self.line}", line)], tried.printed
        assert list((project / "evil:").iterdir()) == [], "git wrote a file of that name"


def enlarge(what: str, out: str, make: Act, ending: Ending, option: str = "") -> Fault:
    command = f"srcore upscale mine/00.png --scale 2 --out {out}{option}"
    return Fault(what, command, ending, make, slow=True)


def unchanged(ending: Ending, name: str) -> Besides:
    def holds(project: Project) -> bool:
        return (project / name).read_text() == "mine"

    return Besides(ending, "the file is as it was", holds)


def nowhere(project: Project) -> None:
    (project / "kept.png").symlink_to("nowhere/file.png")


def formula(project: Project) -> None:
    photograph(12).save(project / "mine/=1+1.png")


def label(project: Project) -> None:
    """Figures whose frozen weights have a label that somebody made up."""
    (project / ".venv").mkdir()
    for name in ("installed", "installed-dev"):
        (project / ".venv" / name).touch()
    for name in ("plots/methods.csv", "plots/images.csv"):
        path = project / name
        path.write_text(path.read_text().replace("random weights", HARM))


def installed(project: Project) -> None:
    """What make asks for, and the folder into which git would write `evil:./params.yaml`."""
    (project / "evil:").mkdir()
    (project / ".venv").mkdir()
    (project / ".venv/installed").touch()


def shown_as_text(project: Project, tried: Tried) -> bool:
    """Whether the label is there, and nothing of it begins anything."""
    bare = re.sub(r"`[^`\n]*`", "", tried.printed)  # code shows whatever it is
    return "script" in tried.printed and not re.search(r"(?<!\\)[<>@]|(?<!\\)!\[", bare)


WRITTEN = Area(
    "What is written, and where",
    [
        enlarge(
            "a file under the name of the output",
            "kept.png",
            lambda project: (project / "kept.png").write_text("mine") and None,
            unchanged(Refused(THERE.format("kept.png")), "kept.png"),
        ),
        enlarge(
            "a link to nowhere under the name of the output",
            "kept.png",
            nowhere,
            Refused(THERE.format("kept.png")),
        ),
        enlarge(
            "a link to a file of somebody else's under the name of the output",
            "kept.png",
            linked("kept.png"),
            untouched(Refused(THERE.format("kept.png"))),
        ),
        enlarge(
            "the same, to be replaced",
            "kept.png",
            linked("kept.png"),
            untouched(
                Goes(
                    "the link is replaced by the image",
                    lambda project, tried: not (project / "kept.png").is_symlink(),
                )
            ),
            " --overwrite",
        ),
        Fault(
            "an image whose name is a formula for a spreadsheet",
            "download",
            Goes(
                "the table's cell begins with an apostrophe",
                lambda project, tried: (
                    "\n'=1+1.png," in (project / "data/raw/manifest.csv").read_text()
                ),
            ),
            formula,
        ),
        Fault(
            "a label of frozen weights that Markdown would act upon",
            "make review BASE=HEAD",
            Goes("it is shown as text", shown_as_text),
            label,
            kind="dvc",
            slow=True,
        ),
        Fault(
            "an option of git in place of a commit",
            "make review BASE=--output=evil",
            MakeFails("params.yaml of --output=evil: fatal: …"),
            installed,
            kind="dvc",
            slow=True,
        ),
    ],
)
