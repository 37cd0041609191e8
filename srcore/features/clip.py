"""CLIP ViT-B/32: embeddings of images and of sentences, 512 channels (original study, step 8)."""

import hashlib
import logging
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import open_clip
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.v2.functional import to_pil_image

from srcore.common.errors import StudyError, reason
from srcore.common.tensors import quantise
from srcore.features.extractor import RANDOM_SEED, Extractor, count, fingerprint, freeze
from srcore.features.files import check_values, is_torchscript, read_tensors
from srcore.features.labels import label_of
from srcore.features.published import Published

ARCHITECTURE = "ViT-B-32-quickgelu"
"""open_clip's name of OpenAI's ViT-B/32, whose activation is QuickGELU.

Weights that were trained with another activation (LAION's ViT-B-32) would load from a file as well,
and be wrong.
"""
CACHE = Path("~/.cache/clip")
"""Where open_clip keeps what it fetches."""
OPENAI_SHA256 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
"""OpenAI's own ViT-B-32.pt: https://github.com/openai/CLIP/blob/main/clip/clip.py."""

BATCH = 8
"""Images embedded at once: their products with the weights take three fifths of the time of one by
one; more gain little, and a single image pays for all."""


@dataclass(frozen=True)
class Clip:
    """CLIP's two towers, loaded once, with open_clip's own preprocessing and tokenizer."""

    model: Any
    preprocess: Callable[[Image.Image], Tensor]
    tokenizer: Any
    label: str
    device: torch.device

    @property
    def scale(self) -> float:
        """What a cosine is multiplied by before the softmax over descriptions (learned, ≤ 100)."""
        return float(self.model.logit_scale.exp())

    @torch.inference_mode()
    def embed_images(self, images: Sequence[Image.Image]) -> Tensor:
        """Embeddings of RGB images of any size: (N, 512), not normalised."""
        return _embed(self.model.visual, self.preprocess, self.device, images)

    @torch.inference_mode()
    def embed_sentences(self, sentences: Sequence[str]) -> Tensor:
        """Embeddings of sentences, cut off after 77 tokens: (N, 512), of length 1.

        The text tower looks only backwards from the last token of a sentence, so the padding after
        the longest one is left out: seven times faster for short sentences, and the same result.
        """
        tokens: Tensor = self.tokenizer(list(sentences))
        length = int(tokens.argmax(dim=1).max()) + 1  # its last token is the largest
        shortened = {
            "positional_embedding": self.model.positional_embedding[:length],
            "attn_mask": self.model.attn_mask[:length, :length],
        }
        inputs = {"text": tokens[:, :length].to(self.device)}
        embedded = torch.func.functional_call(self.model, shortened, (), inputs)
        return embedded[1].float()

    def is_cut_off(self, sentence: str) -> bool:
        """Whether a sentence has more tokens than the text tower takes."""
        return len(self.tokenizer.encode(sentence)) + 2 > self.tokenizer.context_length

    def extractor(self) -> Extractor:
        """The image tower as a frozen extractor: (N, 3, H, W) in [0, 1] → (N, 512), of length 1.

        Images pass through 8 bits and open_clip's own preprocessing, as a saved image would.
        CLIP is trained on the direction of an embedding alone. Its length, ten to twenty, would
        only make the steps of the 3×3 merge as many times larger than those of other weights.

        It holds the image tower alone, so that the memory of the text tower is free again.
        """
        visual, preprocess, device = self.model.visual, self.preprocess, self.device

        def embed(low: Tensor) -> Tensor:
            images = [to_pil_image(image) for image in quantise(low).cpu()]
            return F.normalize(_embed(visual, preprocess, device, images), dim=1)

        return Extractor(embed, self.label, fingerprint(visual), count(visual), BATCH)


def _embed(
    visual: nn.Module,
    preprocess: Callable[[Image.Image], Tensor],
    device: torch.device,
    images: Sequence[Image.Image],
) -> Tensor:
    batch = torch.stack([preprocess(image) for image in images])
    return visual(batch.to(device)).float()


def load_clip(weights: str, device: torch.device) -> Clip:
    """CLIP with weights `random`, `pretrained` (OpenAI's own ViT-B-32.pt) or of a file.

    A file holds the tensors of open_clip's network (torch or safetensors; only tensors are read),
    or is OpenAI's own, which is a program: no other program is opened.

    Raises:
        StudyError: the weights cannot be had, are not the published ones, or are not of this
            architecture.
    """
    state = None if weights == "random" else _state(weights)
    with _suppress_logging(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        model, _, preprocess = open_clip.create_model_and_transforms(ARCHITECTURE)
        tokenizer = open_clip.get_tokenizer(ARCHITECTURE)
    if state is not None:
        wanted = model.state_dict()  # what would be read of it; loading converts other numbers
        check_values({name: value for name, value in state.items() if name in wanted}, weights)
        try:
            model.load_state_dict(state)
        except Exception as error:  # noqa: BLE001  # torch raises whatever the tensors make it raise
            raise StudyError(
                f"{weights}: not a {ARCHITECTURE} checkpoint ({reason(error)})"
            ) from None
        check_values(model.state_dict(), weights)
    freeze(model, device)
    return Clip(model, cast("Any", preprocess), tokenizer, label_of(weights), device)


def load(weights: str, device: torch.device) -> Extractor:
    """The image tower as a frozen extractor, see `Clip.extractor`."""
    return load_clip(weights, device).extractor()


def _state(weights: str) -> dict[str, Tensor]:
    """The tensors of a file, by open_clip's names."""
    if weights == "pretrained":
        url = str(open_clip.get_pretrained_cfg(ARCHITECTURE, "openai")["url"])
        with Published("frozen.clip", url, OPENAI_SHA256, CACHE.expanduser()).open() as file:
            return _tensors_of_program(file)
    path = Path(weights)
    if path.is_file():
        with path.open("rb") as file:
            if is_torchscript(file):
                if hashlib.file_digest(file, "sha256").hexdigest() != OPENAI_SHA256:
                    raise StudyError(
                        f"{path}: refused; a TorchScript file is a program, and this is not "
                        "OpenAI's ViT-B-32.pt; save its state_dict as safetensors"
                    )
                return _tensors_of_program(file)
    state = read_tensors(path)
    # As open_clip reads them: names of a network trained on several devices, and a scale in a list.
    state = {name.removeprefix("module."): value for name, value in state.items()}
    if "logit_scale" in state and state["logit_scale"].shape == (1,):
        state["logit_scale"] = state["logit_scale"].reshape(())
    return state


def _tensors_of_program(file: IO[bytes]) -> dict[str, Tensor]:
    """The tensors of OpenAI's file, which torch runs: its every bit was compared before."""
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch.jit goes, this file stays
        state = torch.jit.load(file, map_location="cpu").state_dict()
    settings = ("input_resolution", "context_length", "vocab_size", "attn_mask")
    return {name: value for name, value in state.items() if name not in settings}


@contextmanager
def _suppress_logging() -> Generator[None]:
    """Keep open_clip from telling the root logger every step; what goes wrong, it raises."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(level)
