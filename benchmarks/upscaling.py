"""Time of upscaling by the shipped network, beside other engines and plain bicubic: `make bench`.

The same tile, threads and network for all: torch as the product runs it, its convolutions in
bfloat16, onnxruntime, and OpenVINO where it is installed. What an engine's output differs by tells
whether it may take the product's place: half a level of 255 at most.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from srcore.common.device import pick_device
from srcore.common.tables import write_table
from srcore.inference.load import load_network
from srcore.inference.tiles import TILE
from srcore.models.base import SuperResolver
from srcore.params import load_params
from srcore.training.precision import processor

OUTPUT, SCALE = "large", 4
REPEATS = 5

Engine = Callable[[], Any]


class OneOutput(nn.Module):
    """A network as a function of the image alone, for the exporter."""

    def __init__(self, model: SuperResolver) -> None:
        super().__init__()
        self.model = model

    def forward(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, 3, s·H, s·W)."""
        return self.model.forward_output(OUTPUT, low)


def write_onnx(model: SuperResolver, path: Path, side: int) -> None:
    """One output for images of one size, as an ONNX file."""
    low = torch.rand(1, 3, side, side)
    program = torch.onnx.export(OneOutput(model).eval(), (low,), input_names=["low"], verbose=False)
    assert program is not None
    program.save(path, external_data=False)


def engines(model: SuperResolver, low: Tensor, folder: Path) -> Iterator[tuple[str, str, Engine]]:
    """Name, precision, and what enlarges `low` (1, 3, H, W): gives (1, 3, s·H, s·W)."""
    threads = torch.get_num_threads()

    @torch.inference_mode()
    def in_torch() -> NDArray[np.float32]:
        return model.forward_output(OUTPUT, low).numpy()

    @torch.inference_mode()
    def in_bfloat16() -> NDArray[np.float32]:
        with torch.autocast("cpu", torch.bfloat16):
            return model.forward_output(OUTPUT, low).numpy()

    yield "torch, the product", "32-true", in_torch
    yield "torch", "bf16-mixed", in_bfloat16
    path = folder / "one.onnx"
    write_onnx(model, path, low.shape[-1])
    given = low.contiguous().numpy()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    yield "onnxruntime", "32-true", lambda: session.run(None, {"low": given})[0]
    if find_spec("openvino"):
        import openvino  # type: ignore[reportMissingImports]  # noqa: PLC0415

        for precision, hint in (("32-true", "f32"), ("bf16", "bf16")):
            settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint}
            compiled: Any = openvino.Core().compile_model(path, "CPU", settings)
            yield "OpenVINO", precision, lambda compiled=compiled: compiled(given)[0]
    image = Image.fromarray((255 * given[0].transpose(1, 2, 0)).astype(np.uint8))
    size = (SCALE * image.width, SCALE * image.height)
    yield "Pillow, bicubic", "", lambda: image.resize(size, Image.Resampling.BICUBIC)


def measure(engine: Engine) -> float:
    """Median seconds; the first run is a warm-up."""
    times: list[float] = []
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        engine()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> None:
    # As `srcore upscale` does, which is no stage.
    device = pick_device("cpu")
    torch.set_num_threads(load_params().threads)
    model = load_network(None, None, device).model
    # Noise, at which the differences are greatest.
    low = torch.rand(1, 3, TILE, TILE, generator=torch.Generator().manual_seed(0))
    low = low.to(memory_format=torch.channels_last)
    megapixels = (SCALE * TILE) ** 2 / 1e6
    lines: list[dict[str, object]] = []
    expected: NDArray[np.float32] | None = None
    with tempfile.TemporaryDirectory() as folder:
        for name, precision, engine in engines(model, low, Path(folder)):
            made = engine()
            if expected is None:
                expected = made
            far = "" if isinstance(made, Image.Image) else 255 * np.abs(made - expected).max()
            lines.append(
                {
                    "engine": name,
                    "precision": precision,
                    "processor": processor(
                        device, "32-true" if precision in ("", "32-true") else "bf16-mixed"
                    ),
                    "ms_per_megapixel": round(1000 * measure(engine) / megapixels, 1),
                    "levels_off": far if far == "" else round(float(far), 3),
                }
            )
            print(*lines[-1].values(), sep=", ", flush=True)
    write_table(Path("benchmarks/upscaling.csv"), pd.DataFrame(lines))


if __name__ == "__main__":
    main()
