"""The tables of docs/ideas.md, as the analysis prints them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from srcore.features.labels import RANDOM
from srcore.ideas.contrasts import LINEAR
from srcore.ideas.names import INTERACTION, VERDICTS
from srcore.models.scales import OUTPUTS

Line = Mapping[Any, Any]
"""A line of a table: column → value."""


def markdown(contrasts: pd.DataFrame, gains: pd.DataFrame) -> str:
    """Contrasts, interactions and gains, one Markdown table each.

    Args:
        contrasts: what `srcore.ideas.contrasts.contrasts` gave.
        gains: what `gains` gave.
    """
    return "\n\n".join([_contrasts(contrasts), _interactions(contrasts), _gains(gains)]) + "\n"


def _contrasts(table: pd.DataFrame) -> str:
    sizes = " | ".join(f"×{scale}, dB | p | detectable | verdict" for scale in OUTPUTS.values())
    rows = [f"| idea | head | {sizes} | parameters | MACs |", f"|{'---|' * 12}"]
    shown = table[table["head"] != INTERACTION]
    for _, part in shown.groupby(["contrast", "head"], sort=False):
        lines = {str(line["output"]): line for line in part.to_dict("records")}
        first = next(iter(lines.values()))
        cells = " | ".join(_contrast(lines[o]) if o in lines else "– | – | – | –" for o in OUTPUTS)
        cost = f"{_count(first['extra_parameters'])} | {_count(first['extra_macs'])}"
        rows.append(f"| {_title(first)} | {first['head']} | {cells} | {cost} |")
    return "\n".join(rows)


def _contrast(line: Line) -> str:
    delta, low, high = (_signed(line[name]) for name in ("delta", "low", "high"))
    detectable = f"{line['detectable']:.2f}"
    return f"{delta} [{low}, {high}] | {_p(line)} | {detectable} | {VERDICTS[str(line['verdict'])]}"


def _interactions(table: pd.DataFrame) -> str:
    sizes = " | ".join(f"×{scale}, dB | p" for scale in OUTPUTS.values())
    rows = [f"| worth more under the sub-pixel head by | {sizes} |", f"|{'---|' * 5}"]
    for _, part in table[table["head"] == INTERACTION].groupby("contrast", sort=False):
        lines = {str(line["output"]): line for line in part.to_dict("records")}
        cells = " | ".join(
            f"{_signed(lines[o]['delta'])} | {_p(lines[o])}" if o in lines else "– | –"
            for o in OUTPUTS
        )
        rows.append(f"| {_title(next(iter(lines.values())))} | {cells} |")
    return "\n".join(rows)


def _gains(table: pd.DataFrame) -> str:
    sizes = " | ".join(f"PSNR at ×{s} | gain over bicubic" for s in OUTPUTS.values())
    rows = [
        f"| network | {sizes} | seeds | collapsed | below bicubic at ×2 | parameters | MACs |",
        f"|{'---|' * 10}",
    ]
    for name, part in table.groupby("experiment", sort=False):
        lines = {str(line["output"]): line for line in part.to_dict("records")}
        cells = " | ".join(_gain(lines[o]) if o in lines else "– | –" for o in OUTPUTS)
        rest = "– | – | – | – | –"
        if name != LINEAR:
            first = lines["mid"]
            counts = [f"{first[key]:.0f}" for key in ("seeds", "collapsed", "below")]
            rest = " | ".join([*counts, f"{first['parameters']:,.0f}", _count(first["macs"], "")])
        rows.append(f"| `{name}` | {cells} | {rest} |")
    return "\n".join(rows)


def _gain(line: Line) -> str:
    interval = ""
    if pd.notna(line["low"]):
        interval = f" [{_signed(line['low'])}, {_signed(line['high'])}]"
    return f"{line['psnr']:.2f} | {_signed(line['gain'])}{interval}"


def _title(line: Line) -> str:
    notes = [RANDOM] if str(line["weights"]).startswith(RANDOM) else []
    if line["collapsed"]:
        notes.append(f"{line['collapsed']} collapsed")
    name = str(line["contrast"]).replace("· ", "… ")
    return f"{name} ({', '.join(notes)})" if notes else name


def _p(line: Line) -> str:
    p = float(str(line["adjusted"]))
    if line["collapsed"]:
        return "–"
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
