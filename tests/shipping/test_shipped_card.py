"""The card of the network that ships, against its checkpoint and the parameters of its training."""

import hashlib

import pytest

from srcore.inference.load import SHIPPED
from srcore.metrics.cost import macs, parameters
from srcore.models.checkpoint import load_checkpoint
from srcore.params import load_params
from srcore.training.losses import SPECTRUM_WEIGHT

CARD = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """The first table of two columns below a heading: what → value."""
    lines = CARD.split(f"{heading}\n", 1)[1].split("\n## ")[0].splitlines()
    parts = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {row[0]: row[1] for row in parts if len(row) == 2 and row[0].strip("-")}


@pytest.fixture(scope="module")
def shipped():
    return load_checkpoint(SHIPPED)


def test_it_describes_the_file_beside_it(shipped):
    model, card = shipped
    cost = macs(model, None, 72) / 1e9
    digest = hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert CARD.startswith(f"# {card.model}: ")
    assert rows("# subpixel: super-resolution ×2 and ×4") == {
        "trainable parameters": f"{parameters(model):,}",
        "multiply-accumulates, one image of 72×72, all outputs": f"{cost:.2f} G",
        "checkpoint": f"`{SHIPPED.name}`, SHA-256 `{digest}`",
        "made with": f"srcore {card.version}, seed {card.seed}",
    }


def test_its_table_of_the_training_is_what_the_checkpoint_says(shipped):
    """Every row: a new one without a check here is an error, too."""
    model, card = shipped
    trained = card.trained
    large = round(trained["batch_size"] * trained["large_share"])
    kinds = {"bf16-mixed": "bfloat16 convolutions", "32-true": "float32"}
    schedules = {
        "linear": f"linear warm-up over {trained['warm_up'] * 100:g} % of the steps, "
        "then linear decay to 0"
    }
    losses = {"l1_fft": f"l1_fft (L1, and {SPECTRUM_WEIGHT} times the difference of the spectra)"}
    table = rows("## Training")
    machine, kind, time = table.pop("trained on").split(", ")
    assert ("GPU" in machine) == (trained["device"] == "cuda")
    assert kind == kinds[trained["precision"]]
    assert time.endswith("minutes")
    assert table == {
        "steps": f"{trained['steps']:,}",
        "crops per step": f"{trained['batch_size']} ({large} for ×4, "
        f"{trained['batch_size'] - large} for ×2)",
        "side of an input in pixels": f"{trained['crop']}",
        "weight of ×2 on inputs for ×4": f"{trained['mid_weight']}",
        "optimiser": f"Muon for the {len(model.hidden_kernels())} kernels between features, "
        "Adam for the rest",
        "learning rate of Muon": f"{trained['muon_lr']}",
        "learning rate of Adam": f"{trained['lr']}",
        "schedule of both rates": schedules[trained["schedule"]],
        "loss": losses[trained["loss"]],
        "gradient clipping: maximum norm": f"{trained['max_norm']}",
        "moving average of the weights": str(trained.get("average") or "not used"),
    }


def test_its_words_on_the_images_are_what_the_checkpoint_says(shipped):
    trained = shipped[1].trained
    text = " ".join(CARD.split("## Training\n")[1].split("| | |")[0].split())
    crops = trained["steps"] * trained["batch_size"] / 1e6
    *factors, last = (f"{factor:g}" for factor in trained["factors"] if factor != 1)
    assert text.startswith(f"{crops:.1f} million random crops of {trained['images']} of ")
    assert f"at their own resolution and at {', '.join(factors)} and {last} of it" in text


def test_the_parameters_train_the_network_that_ships(root, shipped):
    """Else the command on the card would train another one."""
    settings = load_params(root / "params.yaml").shipped.model_dump()
    trained = shipped[1].trained
    assert {name: trained.get(name) for name in settings} == settings
    command = CARD.split("## Reproduce it\n")[1]
    assert f"-S trainer.precision={trained['precision']}" in command
