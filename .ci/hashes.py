"""A line with its SHA-256 for every package that pip's report installs (docs/security.md).

`python3 .ci/hashes.py report.json > hashed.txt` refuses a package that constraints.txt does not
name, and one without a hash: what came from a repository or a folder could be anything next time.
It runs before anything is installed, with nothing but Python.
"""

import json
import re
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"


def canonical(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> set[str]:
    """Each name==version, whichever machine it is for."""
    found: set[str] = set()
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("#")[0].partition(";")[0].strip().partition("==")
        found.add(f"{canonical(name)}=={version}")
    return found


def hashed(report: Path) -> list[str]:
    """A line for each package of the report but ourselves.

    Raises:
        ValueError: the report is none, or a package has no hash or is not in constraints.txt.
    """
    try:
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"{report}: not a report of pip; write it with --report") from None
    named, lines = constraints(), list[str]()
    for package in packages:
        pinned = "{name}=={version}".format(**package["metadata"])
        source = package["download_info"]
        if source.get("dir_info") is not None and package["requested"]:
            continue  # this project
        digest = source.get("archive_info", {}).get("hashes", {}).get("sha256")
        if digest is None:
            raise ValueError(f"{report}: {pinned} has no hash; take it from a package registry")
        name, _, version = pinned.partition("==")
        if f"{canonical(name)}=={version}" not in named:
            raise ValueError(f"{report}: constraints.txt does not name {pinned}; add it there")
        lines.append(f"{pinned} --hash=sha256:{digest}")
    return lines


if __name__ == "__main__":
    try:
        print("\n".join(hashed(Path(sys.argv[1]))))
    except ValueError as error:
        sys.exit(f"error: {error}")
