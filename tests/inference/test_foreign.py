"""Checkpoints of others in the format in which they are exchanged, written here, judged here."""

import dataclasses
import json
import pickle
import re

import numpy as np
import pytest
import torch
from photographs import arrays
from PIL import Image
from safetensors.torch import save_file
from tiny import CPU, tiny_linear, tiny_network

from srcore.common.errors import StudyError
from srcore.common.tensors import to_tensor
from srcore.evaluation.benchmark import evaluate_benchmarks, find_images
from srcore.evaluation.contestants import contestants
from srcore.evaluation.published import cost_of
from srcore.inference.foreign import load_external
from srcore.inference.load import SHIPPED
from srcore.inference.network import Network
from srcore.metrics.cost import parameters, running_parameters
from srcore.models.checkpoint import save_checkpoint
from srcore.params import load_params
from srcore.params.optional import Benchmark

spandrel = pytest.importorskip("spandrel", reason="the extra `benchmark` is not installed")
LOW = to_tensor(np.ascontiguousarray(arrays()[2][None]))
"""97 × 75: odd sides, which architectures pad."""


def span(scale: int = 2) -> torch.nn.Module:
    from spandrel.architectures.SPAN import SPAN

    torch.manual_seed(0)
    options = {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 8, "upscale": scale}
    return SPAN(**options).eval()


def safmn(scale: int = 4) -> torch.nn.Module:
    from spandrel.architectures.SAFMN import SAFMN

    torch.manual_seed(0)
    return SAFMN(dim=16, n_blocks=2, ffn_scale=2.0, upscaling_factor=scale).eval()


def rcan() -> torch.nn.Module:
    from spandrel.architectures.RCAN import RCAN

    torch.manual_seed(0)
    return RCAN(n_resgroups=1, n_resblocks=1, n_feats=8, scale=4, reduction=4).eval()


def dat() -> torch.nn.Module:
    """spandrel takes its 12 channels for others than they are, and it cannot run."""
    from spandrel.architectures.DAT import DAT

    return DAT(embed_dim=12, depth=[2], num_heads=[2], upscale=4).eval()


def write(network: torch.nn.Module, path):
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)
    return path


@pytest.fixture
def asked(root) -> Benchmark:
    return load_params(root / "params.yaml").benchmark


@pytest.mark.parametrize(("make", "output", "scale"), [(span, "mid", 2), (safmn, "large", 4)])
def test_its_output_is_that_of_the_architecture(tmp_path, make, output, scale):
    network = make()
    (found,) = load_external(write(network, tmp_path / "theirs.safetensors"), CPU, pickles=False)
    assert found.method == "theirs"
    assert found.model.outputs == (output,)
    made = found(LOW)[output]
    assert made.shape == (1, 3, scale * 75, scale * 97)
    with torch.inference_mode():
        expected = network(torch.nn.functional.pad(LOW, (0, 7, 0, 5), mode="reflect"))
    middle = expected[..., : scale * 40, : scale * 40].clamp(0, 1)
    torch.testing.assert_close(made[..., : scale * 40, : scale * 40], middle, atol=2e-2, rtol=0)


def test_a_network_that_scales_its_input_in_place_leaves_it_alone(tmp_path):
    """All networks of a benchmark see one tensor."""
    low = LOW.clone()
    with torch.inference_mode():
        rcan()(low)
    assert not low.equal(LOW), "else the test would show nothing"
    (found,) = load_external(write(rcan(), tmp_path / "theirs.safetensors"), CPU, pickles=False)
    low = LOW.clone()
    once, twice = found(low)["large"], found(low)["large"]
    assert low.equal(LOW)
    assert twice.equal(once)


def test_all_of_a_folder_take_part_at_their_scale(tmp_path, asked):
    folder = tmp_path / "networks"
    folder.mkdir()
    write(span(), folder / "span.safetensors")
    write(safmn(), folder / "safmn.safetensors")
    ours = tiny_network("subpixel")
    renamed = save_checkpoint(ours.model, ours.card, tmp_path)
    renamed.rename(folder / "mine.safetensors")
    (tmp_path / "images" / "Set1").mkdir(parents=True)
    Image.fromarray(arrays()[2]).save(tmp_path / "images" / "Set1" / "a.png")
    images = find_images(str(tmp_path / "images"), 10**9)
    given = asked.model_copy(update={"checkpoints": str(folder), "ensemble": True})
    networks = contestants([tiny_network("basic")], given, CPU)
    table = evaluate_benchmarks(networks, tiny_linear(), images, 10**9, CPU)
    methods = {output: set(part.method) for output, part in table.groupby("output")}
    both = {"bicubic", "linear", "mine", "mine+", "shipped", "shipped+"}
    assert methods == {
        "mid": both | {"basic", "basic+", "span", "span+"},
        "large": both | {"safmn", "safmn+"},
    }


def test_a_pickle_is_read_only_when_asked_to(tmp_path):
    path = tmp_path / "theirs.pth"
    torch.save({"params": span().state_dict()}, path)
    with pytest.raises(
        StudyError, match=r"theirs\.pth: is no safetensors file; .*benchmark\.pickles=true"
    ):
        load_external(path, CPU, pickles=False)
    (found,) = load_external(path, CPU, pickles=True)
    (safe,) = load_external(write(span(), tmp_path / "safe.safetensors"), CPU, pickles=False)
    assert found(LOW)["mid"].equal(safe(LOW)["mid"])


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_in_a_pickle_does_not_run(tmp_path):
    bomb = tmp_path / "bomb.pth"
    bomb.write_bytes(pickle.dumps({"params": Bomb(tmp_path / "ran")}))
    with pytest.raises(StudyError, match=r"bomb\.pth: refused; only tensors are read"):
        load_external(bomb, CPU, pickles=True)
    assert not (tmp_path / "ran").exists()


class Program(torch.nn.Module):
    """Writes a file when torch reads it."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path
        self.register_buffer("one", torch.zeros(1))

    @torch.jit.export
    def __getstate__(self) -> tuple[str, torch.Tensor, bool]:
        return (self.path, self.one, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, torch.Tensor, bool]) -> None:
        self.path = state[0]
        self.one = state[1] + torch.from_file(state[0], True, 8).fill_(1.0)[0]
        self.training = state[2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("ending", ["pth", "pt", "ckpt", "PT"])
def test_a_program_of_torch_does_not_run(tmp_path, ending):
    ran, path = tmp_path / "ran", tmp_path / f"net.{ending}"
    torch.jit.script(Program(str(ran))).save(path)
    with pytest.raises(StudyError, match=rf"net\.{ending}: refused; it is a program"):
        load_external(path, CPU, pickles=True)
    assert not ran.exists()
    torch.jit.load(path)  # else the test would show nothing
    assert ran.exists()


@pytest.mark.parametrize("ending", ["PTH", "bin"])
def test_whatever_it_is_called_a_pickle_is_read_only_when_asked_to(tmp_path, ending):
    path = tmp_path / f"theirs.{ending}"
    torch.save({"params": span().state_dict()}, path)
    with pytest.raises(StudyError, match=rf"theirs\.{ending}: is no safetensors file"):
        load_external(path, CPU, pickles=False)
    assert load_external(path, CPU, pickles=True)[0].method == "theirs"


def test_parameters_are_those_that_run(tmp_path):
    """SPAN trains three branches of every convolution, and merges them."""
    (found,) = load_external(write(span(), tmp_path / "theirs.safetensors"), CPU, pickles=False)
    names = {name for name, _ in span().named_parameters()}
    merged = [f"{name.removesuffix('.eval_conv.weight')}." for name in names
              if name.endswith(".eval_conv.weight")]  # fmt: skip
    assert merged
    wanted = sum(
        value.numel()
        for name, value in span().named_parameters()
        if ".eval_conv." in name or not name.startswith(tuple(merged))
    )
    assert running_parameters(found.model, 16) == wanted
    assert parameters(found.model) > 2 * wanted


def test_parameters_of_experts_count_whichever_the_image_chooses():
    from spandrel.architectures.SeemoRe import SeemoRe

    torch.manual_seed(0)
    model = SeemoRe(scale=2, embedding_dim=8, num_layers=2, num_experts=5).eval()
    assert running_parameters(model, 16) == parameters(model)


def test_multiadds_are_those_of_the_convolutions_that_run(tmp_path):
    """SPAN merges its branches anew for every image; that is no work on the image."""
    (found,) = load_external(write(span(4), tmp_path / "theirs.safetensors"), CPU, pickles=False)
    running, multiadds = cost_of(found)
    kernels = running - sum(
        value.numel()
        for name, value in span(4).named_parameters()
        if name.endswith(("eval_conv.bias", "conv_cat.bias", "upsampler.0.bias"))
    )
    assert multiadds == {"large": kernels * 320 * 180}


@pytest.mark.filterwarnings("ignore:Initializing zero-element", "ignore:torch.meshgrid")
@pytest.mark.parametrize(
    "harm", ["cut", "unknown", "scale", "frozen", "nan", "cannot run", "folder"]
)
def test_what_cannot_be_judged_is_one_line(tmp_path, harm):
    path = tmp_path / "theirs.safetensors"
    if harm == "cut":
        path.write_bytes(write(span(), path).read_bytes()[:-100])
        message = "not a whole safetensors file"
    elif harm == "unknown":
        save_file({"a": torch.zeros(3)}, path)
        message = "not a network that spandrel knows"
    elif harm == "scale":
        write(span(3), path)
        message = r"SPAN ×3, 3 to 3 channels; ×2 and ×4"
    elif harm == "frozen":
        network = tiny_network("vgg")
        save_checkpoint(network.model, network.card, tmp_path).rename(path)
        message = "takes frozen features"
    elif harm == "nan":
        network = span()
        next(network.parameters()).data[0] = torch.nan
        write(network, path)
        message = "holds NaN or infinite values"
    elif harm == "cannot run":
        write(dat(), path)
        message = "DAT cannot enlarge an image .*; take it out"
    else:
        path.mkdir()
        path, message = tmp_path, r"theirs\.safetensors: is not a file but a folder"
    with pytest.raises(StudyError, match=message):
        load_external(path, CPU, pickles=False)


def refused(path, *, pickles: bool = False) -> str:
    with pytest.raises(StudyError) as caught:
        load_external(path, CPU, pickles=pickles)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_tensors_that_do_not_fit_their_architecture_are_named(tmp_path):
    """An incomplete file is not called a network that nobody knows."""
    path, state = tmp_path / "theirs.safetensors", span().state_dict()
    takes = f"{path}: spandrel takes it for SPAN, but its tensors do not fit "
    end = "; get it again, or take it out"
    lost = {name: value for name, value in state.items() if name != "conv_1.conv.0.bias"}
    save_file(lost, path)
    assert refused(path) == f"{takes}(missing conv_1.conv.0.bias){end}"
    odd = {f"odd{k}": torch.zeros(1) for k in range(5)}
    wrong = {"conv_cat.bias": torch.zeros(3)}
    save_file({**lost, **odd, **wrong}, path)
    assert refused(path) == (
        f"{takes}(missing conv_1.conv.0.bias; unexpected odd0, odd1, odd2 and 2 more; "
        f"of another shape conv_cat.bias){end}"
    )


def test_a_folder_without_checkpoints_is_told_what_is_read(tmp_path):
    (tmp_path / "SPAN").mkdir()
    write(span(), tmp_path / "SPAN" / "theirs.safetensors")
    start = f"benchmark.checkpoints = {tmp_path}: holds no .safetensors"
    searched = " directly in it (sub-folders are not searched"
    assert refused(tmp_path) == (
        f"{start}{searched}; .pth, .pt, .ckpt are read with -S benchmark.pickles=true)"
    )
    assert refused(tmp_path, pickles=True) == f"{start}, .pth, .pt, .ckpt{searched})"


def test_hidden_files_of_a_folder_take_no_part(tmp_path):
    (tmp_path / "._theirs.safetensors").write_bytes(b"\0\5\x16\7 what macOS notes of a file")
    write(span(), tmp_path / ".older.safetensors")
    write(span(), tmp_path / "theirs.safetensors")
    assert [n.method for n in load_external(tmp_path, CPU, pickles=False)] == ["theirs"]
    (hidden,) = load_external(tmp_path / ".older.safetensors", CPU, pickles=False)
    assert hidden.method == ".older", "it was asked for by its name"


@pytest.mark.parametrize("pickles", [False, True])
@pytest.mark.parametrize("ending", ["bin", "pth"])
def test_safetensors_under_another_name_are_to_be_renamed(tmp_path, ending, pickles):
    path = write(span(), tmp_path / f"theirs.{ending}")
    assert refused(path, pickles=pickles) == (
        f"{path}: is a safetensors file under another extension; rename it to theirs.safetensors"
    )


@pytest.mark.parametrize("card", ["SPAN, trained by me", "[1]", '{"license": "mit"}', "9" * 5000])
def test_a_card_of_others_does_not_make_a_file_ours(tmp_path, card):
    path = tmp_path / "theirs.safetensors"
    save_file(span().state_dict(), path, metadata={"card": card})
    assert load_external(path, CPU, pickles=False)[0].method == "theirs"


def test_a_damaged_card_of_ours_is_told_of(tmp_path):
    ours = tiny_network("subpixel")
    path = save_checkpoint(ours.model, ours.card, tmp_path)
    tensors, card = ours.model.state_dict(), dataclasses.asdict(ours.card)
    save_file(tensors, path, metadata={"card": json.dumps(card)[:-9]})
    assert refused(path) == (
        f"{path}: neither a network that spandrel knows nor, by its card, one of this study; "
        "take it out"
    )
    save_file(tensors, path, metadata={"card": json.dumps(card | {"seed": "none"})})
    assert "its card is damaged: seed cannot be so" in refused(path)


def test_two_networks_of_one_name_are_refused(tmp_path, asked):
    write(span(), tmp_path / "shipped.safetensors")
    given = asked.model_copy(update={"checkpoints": str(tmp_path)})
    with pytest.raises(StudyError, match="two methods would be named shipped; rename the file"):
        contestants([], given, CPU)
    assert len(contestants([], given.model_copy(update={"shipped": False}), CPU)) == 1
    write(span(), tmp_path / "one.safetensors")
    torch.save(span().state_dict(), tmp_path / "one.pth")
    both = asked.model_copy(update={"checkpoints": str(tmp_path), "pickles": True})
    with pytest.raises(StudyError, match="two methods would be named one; rename the file"):
        contestants([], both, CPU)


@pytest.mark.parametrize("name", ["bicubic", "linear", "basic", "basic+"])
def test_a_file_cannot_take_the_name_of_another_method(tmp_path, asked, name):
    """Rows of one name would be averaged as seeds of one network."""
    write(span(), tmp_path / f"{name}.safetensors")
    given = asked.model_copy(update={"checkpoints": str(tmp_path)})
    with pytest.raises(StudyError, match=f"methods would be named {re.escape(name)}; rename"):
        contestants([tiny_network("basic", seed=1)], given, CPU)


def test_without_others_there_is_the_set_and_the_shipped(asked):
    network = tiny_network("basic")
    found = contestants([network], asked, CPU)
    assert found[0] is network
    assert [n.method for n in found] == ["basic", "shipped"]
    assert SHIPPED.is_file()


def test_an_ensemble_is_the_mean_of_eight_transformed_runs():
    """Against the symmetries of numpy, and equal to itself on a rotated image."""
    plain = tiny_network("subpixel")
    both = dataclasses.replace(plain, ensemble=True)
    assert isinstance(both, Network)
    found = both(LOW)
    for name, output in found.items():
        total = np.zeros(output.shape)
        for quarters in range(4):
            for mirrored in (False, True):
                low = np.rot90(LOW.numpy(), quarters, (2, 3))
                low = low[..., ::-1] if mirrored else low
                made = plain(torch.from_numpy(low.copy()))[name].numpy()
                made = made[..., ::-1] if mirrored else made
                total += np.rot90(made, -quarters, (2, 3))
        np.testing.assert_allclose(output.numpy(), total / 8, atol=1e-5)
        rotated = both(torch.rot90(LOW, 1, (2, 3)))[name]
        torch.testing.assert_close(rotated, torch.rot90(output, 1, (2, 3)), atol=1e-5, rtol=0)
        assert not output.allclose(plain(LOW)[name], atol=1e-5)
