"""What stands beside every figure that depends on frozen weights.

Nothing is imported that takes time to load: the report page and the reviews need no torch.
"""

from pathlib import Path

from srcore.common.text import LONGEST_NAME, printable

RANDOM = "random weights"
"""The label of frozen weights that were never trained; their figures must be marked by it."""


def label_of(weights: str) -> str:
    """The words that stand beside figures made with these frozen weights.

    Args:
        weights: `random`, `pretrained`, or a path, of which no folder of this machine is told.
    """
    if weights == "random":
        return RANDOM
    if weights == "pretrained":
        return "pretrained weights"
    return f"weights of {printable(Path(weights).name, LONGEST_NAME)}"
