"""CLIP ViT-B/32: embeddings of pictures and of sentences, 512 channels (report, step 8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import open_clip
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.v2.functional import to_pil_image

from srcore.errors import StudyError
from srcore.frozen.extractor import RANDOM_SEED, Extractor, fingerprint, freeze, label_of
from srcore.tensors import quantise

ARCHITECTURE = "ViT-B-32-quickgelu"
"""open_clip's name of OpenAI's ViT-B/32, whose activation is QuickGELU."""


@dataclass(frozen=True)
class Clip:
    """CLIP's two towers, loaded once, with open_clip's own preprocessing and tokenizer."""

    model: Any
    preprocess: Callable[[Image.Image], Tensor]
    label: str
    device: torch.device

    @torch.inference_mode()
    def embed_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Embeddings of RGB pictures of any size: (N, 512), not normalised."""
        batch = torch.stack([self.preprocess(picture) for picture in pictures])
        return self.model.encode_image(batch.to(self.device)).float()

    @torch.inference_mode()
    def embed_sentences(self, sentences: Sequence[str]) -> Tensor:
        """Embeddings of sentences, cut off after 77 tokens: (N, 512), not normalised."""
        tokens = open_clip.get_tokenizer(ARCHITECTURE)(list(sentences))
        return self.model.encode_text(tokens.to(self.device)).float()


def load_clip(weights: str, device: torch.device) -> Clip:
    """CLIP with weights `random`, `pretrained` (OpenAI's, by open_clip) or of a file.

    Raises:
        StudyError: the file is not a checkpoint of this architecture that open_clip can read.
    """
    pretrained = {"random": None, "pretrained": "openai"}.get(weights, weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        try:
            model, _, preprocess = open_clip.create_model_and_transforms(
                ARCHITECTURE, pretrained=cast("str", pretrained)
            )
        except Exception as error:
            if weights in ("random", "pretrained"):
                raise
            what = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise StudyError(f"{weights}: not a {ARCHITECTURE} checkpoint ({what})") from None
    freeze(model, device)
    return Clip(model, cast("Any", preprocess), label_of(weights), device)


def load(weights: str, device: torch.device) -> Extractor:
    """The picture tower as a frozen extractor: (N, 3, H, W) in [0, 1] → (N, 512).

    Pictures pass through 8 bits and open_clip's own preprocessing, as a saved picture would.
    """
    clip = load_clip(weights, device)

    def embed(low: Tensor) -> Tensor:
        return clip.embed_pictures([to_pil_image(picture) for picture in quantise(low).cpu()])

    return Extractor(embed, clip.label, fingerprint(cast("nn.Module", clip.model.visual)))
