"""What the images are compared with: the user's sentences, or the classes of VOC2007."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.features.clip import Clip

CLASSES = {
    "aeroplane": "aeroplane",
    "bicycle": "bicycle",
    "bird": "bird",
    "boat": "boat",
    "bottle": "bottle",
    "bus": "bus",
    "car": "car",
    "cat": "cat",
    "chair": "chair",
    "cow": "cow",
    "diningtable": "dining table",
    "dog": "dog",
    "horse": "horse",
    "motorbike": "motorbike",
    "person": "person",
    "pottedplant": "potted plant",
    "sheep": "sheep",
    "sofa": "sofa",
    "train": "train",
    "tvmonitor": "TV monitor",
}
"""Class of VOC2007, as annotations name it → in words."""

TEMPLATES = (
    "a photo of a {}.",
    "itap of a {}.",
    "a photo of the large {}.",
    "a photo of the small {}.",
    "a bad photo of the {}.",
    "a blurry photo of the {}.",
    "a low resolution photo of the {}.",
)
"""Some prompts of the CLIP paper (Radford et al. 2021, section 3.1.4), grammar included, as in
https://github.com/openai/CLIP/blob/main/notebooks/Prompt_Engineering_for_ImageNet.ipynb."""

BATCH = 64
"""Sentences embedded at once; bounds the memory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Descriptions:
    """Texts, and their embeddings (M, 512), of length 1."""

    texts: tuple[str, ...]
    embeddings: Tensor


def describe(sentences: Sequence[str], clip: Clip) -> Descriptions:
    """The user's own sentences, in any language that CLIP was taught or not."""
    texts = tuple(" ".join(sentence.split()) for sentence in sentences)
    for place, text in enumerate(texts, start=1):
        if clip.is_cut_off(text):
            logger.warning(
                "clip_analysis.descriptions: CLIP does not read sentence %d to its end, "
                "it is longer than 77 tokens",
                place,
            )
    return Descriptions(texts, _embed(texts, clip))


def voc_classes(clip: Clip) -> Descriptions:
    """The classes of VOC2007, in the order of `CLASSES`, each the mean over `TEMPLATES`."""
    words = tuple(CLASSES.values())
    prompts = [template.format(word) for word in words for template in TEMPLATES]
    embedded = _embed(prompts, clip).unflatten(0, (len(words), len(TEMPLATES)))
    return Descriptions(words, F.normalize(embedded.mean(dim=1), dim=-1))


def _embed(sentences: Sequence[str], clip: Clip) -> Tensor:
    starts = range(0, len(sentences), BATCH)
    batches = [clip.embed_sentences(sentences[start : start + BATCH]) for start in starts]
    return torch.cat(batches).cpu()
