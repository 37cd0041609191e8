"""What stands beside every figure of this stage: the weights it depends on."""

from srcore.features.clip import Clip
from srcore.features.labels import RANDOM


def is_random(clip: Clip) -> bool:
    """Whether CLIP was never trained, so that its figures mean nothing."""
    return clip.label == RANDOM


def in_words(clip: Clip) -> str:
    """The weights in words; of random ones, that they mean nothing."""
    return f"{clip.label}: means nothing" if is_random(clip) else clip.label
