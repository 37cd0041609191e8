"""What a fault is, and the ways in which one may end; the table in docs/ is made of these."""

import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from faults.project import Lab, Project, Tried

Act = Callable[[Project], None]


class Ending(Protocol):
    """How a fault must end."""

    def __str__(self) -> str:
        """The ending in the words of the table."""
        ...

    def check(self, fault: "Fault", project: Project, tried: Tried, lab: Lab) -> None:
        """Assert that it did."""
        ...


@dataclass(frozen=True)
class Refused:
    """Exit code 1 and this one line; … stands for what differs between machines.

    DVC ends with a code of its own, and a line of its own after ours.
    """

    line: str
    by_dvc: bool = False

    def __str__(self) -> str:
        return f"{'DVC fails' if self.by_dvc else 'exit 1'}: {code('error: ' + self.line)}"

    def check(self, fault: "Fault", project: Project, tried: Tried, lab: Lab) -> None:
        lines = no_traceback(tried)
        ours = [line for line in lines if line.startswith("error: ")]
        assert len(ours) == 1, tried.printed
        assert like(self.line, ours[0].removeprefix("error: ")), ours[0]
        if self.by_dvc:
            assert tried.code != 0
        else:
            assert tried.code == 1
            assert lines[-1] == ours[0]
        nothing_half(fault, project, lab)
        assert project.halves() == []


@dataclass(frozen=True)
class Survived:
    """Exit code 0 and the undisturbed result; `says` is among what it logs."""

    says: str = ""

    def __str__(self) -> str:
        logged = f"; logs {code(self.says)}" if self.says else ""
        return f"goes on, to the same bytes as undisturbed{logged}"

    def check(self, fault: "Fault", project: Project, tried: Tried, lab: Lab) -> None:
        lines = no_traceback(tried)
        assert tried.code == 0, tried.printed
        if self.says:
            assert any(like(self.says, line) for line in lines), tried.printed
        same_as_undisturbed(fault, project, lab)


@dataclass(frozen=True)
class Died:
    """Ended by a signal; what stands under a final name is whole."""

    by: signal.Signals = signal.SIGKILL
    says: str = ""

    def __str__(self) -> str:
        logged = f", says {code(self.says)}" if self.says else ""
        return f"ends{logged}; nothing half-written under a final name"

    def check(self, fault: "Fault", project: Project, tried: Tried, lab: Lab) -> None:
        expected = 130 if self.by == signal.SIGINT else -self.by
        assert tried.code == expected, tried.printed
        printed = no_traceback(tried)
        if self.says:
            assert printed[-1:] == [self.says]
        nothing_half(fault, project, lab)


@dataclass(frozen=True)
class Reruns:
    """DVC runs these stages anew, and so many images come out at the end."""

    stages: tuple[str, ...]
    images: int = 12

    def __str__(self) -> str:
        return f"DVC runs {', '.join(self.stages) or 'nothing'} anew; {self.images} images"

    def check(self, fault: "Fault", project: Project, tried: Tried, lab: Lab) -> None:
        no_traceback(tried)
        assert tried.code == 0, tried.printed
        ran = re.findall(r"Running stage '(?:[\w./]+:)?(\w+)'", tried.printed)
        assert tuple(ran) == self.stages, tried.printed
        index = (project / "data/pyramids/index.csv").read_text().splitlines()
        assert len(index) == 1 + self.images


@dataclass(frozen=True)
class DvcRefuses:
    """DVC itself ends with an error, in this one line of its own."""

    line: str

    def __str__(self) -> str:
        return f"DVC ends: {code(self.line)}"

    def check(self, fault: "Fault", project: Project, tried: Tried, lab: Lab) -> None:
        lines = no_traceback(tried)
        assert tried.code != 0
        assert [like(self.line, line) for line in lines].count(True) == 1, tried.printed
        assert len([line for line in lines if line.startswith("ERROR: ")]) <= 1, tried.printed
        nothing_half(fault, project, lab)


class Attempt(Protocol):
    """A line of the table: what is tried, and what it must end in."""

    @property
    def what(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def slow(self) -> bool: ...
    def attempt(self, lab: Lab) -> None: ...
    def row(self) -> str: ...


def plainly(project: Project, command: str) -> Tried:
    return project.run(command)


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong, against the command that meets with it.

    Attributes:
        what: the fault in a few words.
        command: a stage with its argument, or a command of DVC.
        ends: how it must end.
        make: brings the fault about in a study where all ran that the command needs.
        fix: takes it away again; the same command must then give the undisturbed bytes.
        how: runs the command, where it is not simply run.
        kind: the study: folder, voc, made up, dvc.
        slow: whether it loads torch or DVC, or waits for a server: seconds each.
    """

    what: str
    command: str
    ends: Ending
    make: Act = lambda project: None
    fix: Act | None = None
    how: Callable[[Project, str], Tried] = plainly
    kind: str = "folder"
    slow: bool = False

    def attempt(self, lab: Lab) -> None:
        """Try it, and what the next run does."""
        project = lab.project(self.kind, self.command)
        try:
            self.make(project)
            self.ends.check(self, project, self.how(project, self.command), lab)
            if self.fix:
                self.fix(project)
                Survived().check(self, project, plainly(project, self.command), lab)
        finally:
            project.close()

    def row(self) -> str:
        """Its line in the table."""
        after = "succeeds, same bytes" if self.fix else ""
        return f"| {self.what} | {code(self.command)} | {self.ends} | {after} |"


@dataclass
class Area:
    """Faults that belong together."""

    title: str
    faults: Sequence[Attempt]


def as_is(project: Project) -> None:
    """Nothing has to be fixed before the next run."""


def code(text: str) -> str:
    """Text as code in a Markdown table."""
    text = text.replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def like(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, in which … stands for anything."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), text))


def no_traceback(tried: Tried) -> list[str]:
    """The lines said, none of them of a traceback or of a library's warning."""
    assert "Traceback" not in tried.printed, tried.printed
    assert "Warning: " not in tried.printed, tried.printed
    return tried.printed.splitlines()


def same_as_undisturbed(fault: Fault, project: Project, lab: Lab) -> None:
    expected = lab.undisturbed(fault.kind, fault.command).outputs(fault.command)
    found = project.outputs(fault.command)
    assert list(found) == list(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
    assert project.halves() == []


def nothing_half(fault: Fault, project: Project, lab: Lab) -> None:
    """What stands under a final name, if anything, is what an undisturbed run would have left."""
    if found := project.outputs(fault.command):
        expected = lab.undisturbed(fault.kind, fault.command).outputs(fault.command)
        assert {name: expected.get(name) for name in found} == found
