"""A line with its SHA-256 for every package that pip's report installs (docs/security.md).

`python3 .ci/hashes.py report.json > hashed.txt` refuses a package of another version than
constraints.txt names, and one without a hash: what came from a repository or a folder could be
anything next time. It runs before anything is installed, with nothing but Python.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
OURS = "srcore"


def canonical(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, set[str]]:
    """Name of a package → its versions, one for each kind of machine."""
    found: dict[str, set[str]] = {}
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        name, equals, version = line.partition("#")[0].partition(";")[0].partition("==")
        if equals:
            found.setdefault(canonical(name.strip()), set()).add(version.strip())
    return found


def hashed(report: Path) -> list[str]:
    """A line for each package of the report but ourselves.

    Raises:
        ValueError: the report is none, or a package has no hash or not the version of
            constraints.txt.
    """
    try:
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
        found = [(p["metadata"]["name"], p["metadata"]["version"], digest_of(p)) for p in packages]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{report}: not a report of pip; write it with --report") from None
    versions, lines = constraints(), list[str]()
    for name, version, digest in found:
        if canonical(name) == OURS:
            continue
        if digest is None:
            raise ValueError(f"{report}: {name} has no hash; take it from a package registry")
        if version not in (named := versions.get(canonical(name), set())):
            allowed = " or ".join(sorted(named)) or "no version"
            raise ValueError(
                f"{report}: has {name} {version}, and constraints.txt names {allowed}; change one"
            )
        lines.append(f"{name}=={version} --hash=sha256:{digest}")
    return lines


def digest_of(package: dict[str, Any]) -> str | None:
    """SHA-256 of the file that a package came as, None where it was no file."""
    return package["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 .ci/hashes.py REPORT")
    try:
        print("\n".join(hashed(Path(sys.argv[1]))))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
