"""Features of every image, computed once and kept as memory-mapped float16."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder, write_json
from srcore.common.progress import progress
from srcore.common.tensors import to_tensor
from srcore.features.extractor import Extractor, round_features

BATCH = 64
"""Images embedded at once; bounds the memory."""


def store_features(
    extractor: Extractor, images: NDArray[np.uint8], out: Path, device: torch.device
) -> None:
    """Write the features of `images` (N, H, W, 3), and what made them, to the folder `out`.

    Raises:
        StudyError: a feature is too large for float16, or NaN.
    """
    with fresh_folder(out) as folder:
        shape = tuple(extractor(to_tensor(np.array(images[:1]), device)).shape[1:])
        starts = range(0, len(images), BATCH)
        # Written, not memory-mapped: a full disk is then an error and not a killed process.
        with (folder / "features.npy").open("wb") as file:
            whole = {"descr": "<f2", "fortran_order": False, "shape": (len(images), *shape)}
            np.lib.format.write_array_header_1_0(file, whole)
            for start in progress(starts, desc=f"features, {extractor.label}", unit="batch"):
                low = to_tensor(np.array(images[start : start + BATCH]), device)
                features = round_features(extractor(low))
                if not bool(torch.isfinite(features).all()):
                    raise StudyError(
                        f"{extractor.label}: features of images {start} to "
                        f"{start + len(low) - 1} do not fit in float16; are these the right "
                        "weights?"
                    )
                file.write(features.cpu().numpy().astype("<f2").tobytes())
        write_json(
            folder / "metrics.json",
            {
                "images": len(images),
                "shape": list(shape),
                "weights": extractor.label,
                "fingerprint": extractor.fingerprint,
            },
        )
