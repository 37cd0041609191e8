"""The tables of what each idea is worth, as docs/ideas.md and the page show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from srcore.features.labels import RANDOM
from srcore.ideas.contrasts import LINEAR
from srcore.ideas.names import INTERACTION, VERDICTS
from srcore.models.scales import OUTPUTS

Line = Mapping[Any, Any]
"""A line of a table: column → value."""


@dataclass(frozen=True)
class Table:
    """A table as text, cell by cell.

    Attributes:
        title: what it shows.
        heads: names of the columns.
        rows: the cells; the first of each names the row.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]


def tables(contrasts: pd.DataFrame, gains: pd.DataFrame) -> list[Table]:
    """Contrasts, interactions and gains.

    Args:
        contrasts: what `srcore.ideas.contrasts.contrasts` gave.
        gains: what `gains` gave.
    """
    return [_contrasts(contrasts), _interactions(contrasts), _gains(gains)]


def markdown(tables: Sequence[Table]) -> str:
    """The tables as Markdown, one after the other."""
    return (
        "\n\n".join(
            "\n".join(
                [
                    f"| {' | '.join(table.heads)} |",
                    f"|{'---|' * len(table.heads)}",
                    *(f"| {' | '.join(row)} |" for row in table.rows),
                ]
            )
            for table in tables
        )
        + "\n"
    )


def _of_sizes(*heads: str) -> list[str]:
    return [
        f"×{scale}, {h}" if not n else h for scale in OUTPUTS.values() for n, h in enumerate(heads)
    ]


def _contrasts(table: pd.DataFrame) -> Table:
    rows: list[list[str]] = []
    shown = table[table["head"] != INTERACTION]
    for _, part in shown.groupby(["contrast", "head"], sort=False):
        lines = {str(line["output"]): line for line in part.to_dict("records")}
        first = next(iter(lines.values()))
        cells = [c for o in OUTPUTS for c in (_contrast(lines[o]) if o in lines else ["–"] * 4)]
        cost = [_count(first["extra_parameters"]), _count(first["extra_macs"])]
        rows.append([_title(first), str(first["head"]), *cells, *cost])
    sizes = _of_sizes("dB", "p", "detectable", "verdict")
    return Table(
        "Each idea against the network without it",
        ["idea", "head", *sizes, "parameters", "MACs"],
        rows,
    )


def _contrast(line: Line) -> list[str]:
    detectable = "–" if line["collapsed"] else f"{line['detectable']:.2f}"
    return [_ranged(line, "delta"), _p(line), detectable, VERDICTS[str(line["verdict"])]]


def _interactions(table: pd.DataFrame) -> Table:
    rows: list[list[str]] = []
    for _, part in table[table["head"] == INTERACTION].groupby("contrast", sort=False):
        lines = {str(line["output"]): line for line in part.to_dict("records")}
        cells = [
            cell
            for o in OUTPUTS
            for cell in ([_signed(lines[o]["delta"]), _p(lines[o])] if o in lines else ["–"] * 2)
        ]
        rows.append([_title(next(iter(lines.values()))), *cells])
    return Table(
        "Gain with the sub-pixel head minus gain with the original study's head",
        ["idea", *_of_sizes("dB", "p")],
        rows,
    )


def _gains(table: pd.DataFrame) -> Table:
    rows: list[list[str]] = []
    for name, part in table.groupby("experiment", sort=False):
        lines = {str(line["output"]): line for line in part.to_dict("records")}
        cells = [c for o in OUTPUTS for c in (_gain(lines[o]) if o in lines else ["–"] * 2)]
        rest = ["–"] * 5
        if name != LINEAR:
            first = lines["mid"]
            counts = [f"{first[key]:.0f}" for key in ("seeds", "collapsed", "below")]
            rest = [*counts, f"{first['parameters']:,.0f}", _count(first["macs"], "")]
        rows.append([f"`{name}`", *cells, *rest])
    sizes = [h for s in OUTPUTS.values() for h in (f"PSNR at ×{s}", "gain over bicubic")]
    counts = ["seeds", "collapsed", "below bicubic at ×2"]
    return Table("Every network", ["network", *sizes, *counts, "parameters", "MACs"], rows)


def _gain(line: Line) -> list[str]:
    return [f"{line['psnr']:.2f}", _ranged(line, "gain")]


def _ranged(line: Line, name: str) -> str:
    """A value with its interval, where it has one."""
    if pd.isna(line["low"]):
        return _signed(line[name])
    return f"{_signed(line[name])} [{_signed(line['low'])}, {_signed(line['high'])}]"


def _title(line: Line) -> str:
    notes = [RANDOM] if str(line["weights"]).startswith(RANDOM) else []
    if line["collapsed"]:
        notes.append(f"{line['collapsed']} collapsed")
    name = str(line["contrast"])
    return f"{name} ({', '.join(notes)})" if notes else name


def _p(line: Line) -> str:
    if line["collapsed"]:
        return "–"
    p = float(str(line["adjusted"]))
    return "< 0.001" if p < 0.0005 else f"{p:.3f}"


def _signed(value: object) -> str:
    """Two decimals with a sign: "+0.41", "−0.10", "0.00"."""
    text = f"{value:+.2f}"
    return text[1:] if text in ("+0.00", "-0.00") else text.replace("-", "−")


def _count(value: object, sign: str = "+") -> str:
    """A count in G, M or K, with its sign: "+0.57 G"."""
    number = float(str(value))
    if number == 0:
        return "0"
    sign = "−" if number < 0 else sign
    size = abs(number)
    for unit, name, digits in ((1e9, "G", 2), (1e6, "M", 1), (1e3, "K", 0)):
        if size >= unit or (name == "G" and size >= 1e8):
            return f"{sign}{size / unit:.{digits}f} {name}"
    return f"{sign}{size:.0f}"
