"""The table of plots. A plot is one file beside this one and one line here."""

from importlib import import_module

from srcore.reporting.page.plots.group import Group
from srcore.reporting.page.results import Results

PLOTS = ("losses", "held_out", "cost", "gains")
"""Names of the files, in the order of the page; each has `groups(results) -> list[Group]`."""
_MODULES = [import_module(f"srcore.reporting.page.plots.{name}") for name in PLOTS]


def plot_groups(results: Results) -> list[Group]:
    """All groups that have something to show."""
    found = [group for module in _MODULES for group in module.groups(results)]
    return [group for group in found if group.charts]
