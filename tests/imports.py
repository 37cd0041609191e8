"""What a piece of code imports, in an interpreter of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported_by(code: str) -> set[str]:
    """Modules in a fresh interpreter after `code`, which finds the stages as well."""
    code += "\nimport sys; print('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())
