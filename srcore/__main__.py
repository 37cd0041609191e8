"""`python -m srcore`, the same as the command `srcore`."""

from srcore.cli import app

app(prog_name="srcore")
