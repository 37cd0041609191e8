"""Names that the experiment's trainings, tables and drawings share."""

HEADS = ("bilinear", "subpixel")
"""The original study's head (1×1, enlarged bilinearly, sigmoid), and sub-pixel over bicubic."""
INTERACTION = "interaction"
"""Stands for a head where a line tells how much more an idea is worth under the second head."""
SLOW = ("merge_slow", "vgg", "vgg_random", "clip", "clip_shuffled")
"""Bodies that are trained at the rate `modern.frozen_lr`: those beside frozen features, and first
the network that they are without them."""
COSTS = ("parameters", "frozen", "macs")
"""What a network costs: trainable and frozen parameters, and multiply-accumulates of one image (its
frozen extractor included)."""
EQUIVALENCE_MARGIN = 0.1
"""dB; an idea whose whole interval is nearer to zero is negligible, even if it is significant."""
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "negligible": f"under {EQUIVALENCE_MARGIN} dB",
    "inconclusive": "inconclusive",
    "collapsed": "inconclusive: collapsed",
    "few": "too few seeds or scenes",
}
"""A verdict → how it is written."""


def stem_of(name: str, seed: int) -> str:
    """Name of a run: an experiment with a seed."""
    return f"{name}.seed{seed}"
