"""Names that tables and drawings share; light, since the report page needs no torch."""

from srcore.common.tables import Columns

HEADS = ("bilinear", "subpixel")
"""The report's head (1×1, enlarged bilinearly, sigmoid), and sub-pixel convolution over bicubic."""
INTERACTION = "interaction"
"""Stands for a head where a line tells how much more an idea is worth under the second head."""
CONTRASTS: Columns = {
    "contrast": str,
    "head": str,
    "output": str,
    "idea": str,
    "control": str,
    "delta": float,
    "low": float,
    "high": float,
    "p": float,
    "adjusted": float,
    "detectable": float,
    "seeds": float,
    "scenes": float,
    "placebo": str,
    "weights": str,
    "verdict": str,
    "broken": float,
    "extra_parameters": None,
    "extra_frozen": None,
    "extra_macs": None,
    "extra_milliseconds": None,
    "device": str,
    "precision": str,
    "data": str,
}
"""Columns of plots/ideas.csv."""
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "nothing": "under 0.1 dB",
    "open": "cannot be told",
    "few": "too few seeds or scenes to tell",
}
"""A verdict → how it is written."""
