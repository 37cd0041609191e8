"""What was run, for people: in a few lines, a table of trainings, and the original study beside."""

from dataclasses import dataclass
from typing import Any, cast

from srcore.evaluation.tables import CHECKPOINT_COLUMNS
from srcore.metrics.intervals import MIN_GROUPS
from srcore.reporting.metric_weights import metric_weights
from srcore.reporting.page.plots.losses import LOSSES
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import signed

TRAINED = {
    "recipe": "Recipe",
    "epochs": "Epochs",
    "batch_size": "Batch",
    "lr": "Learning rate",
    "loss": "Loss",
    "schedule": "Schedule",
    "max_norm": "Gradient clipping norm",
    "flips": "Random rotations and flips",
    "crops": "Share of batches cut at random",
    "average": "Moving average of weights",
    "images": "Images",
    "device": "Device",
    "processes": "Number of processes",
    "precision": "Precision",
    "processor": "CPU or GPU type",
    "optimizer": "Optimizer",
    "muon_lr": "Muon learning rate",
    "warm_up": "Warm-up",
}
"""What a checkpoint says of its training → its heading; whatever else it says follows by name."""
OFF_AT_ZERO = ("max_norm", "average")
LOSS_DIGITS = 4


def facts(results: Results) -> list[tuple[str, str]]:
    """Lines of what and how: what it is, and its value."""
    params, table, checkpoints = results.params, results.images, results.checkpoints
    sizes = " → ".join(str(size) for size in params.pyramid.sizes)
    held_out, groups = table["image"].nunique(), table["group"].nunique()
    sample = params.data.source == "sample"
    source = params.data.source + " (only an example)" * sample
    judged = f"{held_out} {results.part} images"
    frozen = [f"{name}: {w}" for name in results.models if (w := results.weights(name))]
    scenes = f" of {groups} scenes" if groups < held_out else ""
    if groups < MIN_GROUPS:
        scenes += f". Intervals need at least {MIN_GROUPS} scenes"
    elif scenes:
        scenes += (
            " (a scene is one photograph with all its images). Intervals are over whole scenes"
        )
    seeds = sorted({int(seed) for seed in checkpoints["seed"]})
    ours = set(checkpoints.loc[checkpoints["ours"] == "yes", "model"])
    sides = {
        "from the original study": [name for name in results.models if name not in ours],
        "our own": [name for name in results.models if name in ours],
    }
    groups = [f"{whose}: {', '.join(names)}" for whose, names in sides.items() if names]
    return [
        ("Models", f"{'; '.join(groups)} (model = {params.model})"),
        ("Frozen weights", "; ".join(frozen) or "none of these models uses frozen weights"),
        *metric_weights(params.evaluate).items(),
        ("Images", f"The source is {source}. The networks were evaluated on {judged}{scenes}."),
        ("Sizes", f"{sizes} pixels per side"),
        ("Seeds", ", ".join(str(seed) for seed in seeds)),
        ("Threads", str(params.threads)),
    ]


@dataclass(frozen=True)
class Runs:
    """How the networks were trained, as their checkpoints say: headings, and a row a network."""

    headings: list[str]
    rows: list[tuple[str, str, list[str]]]
    """Networks, label of their frozen weights, and a cell for each heading."""


def training_table(results: Results) -> Runs:
    """The trainings, one row for networks that were trained alike, whatever their seeds."""
    table = results.checkpoints
    keys = [key for key in TRAINED if key in table] + [
        key for key in table.columns if key not in CHECKPOINT_COLUMNS and key not in TRAINED
    ]
    alike: dict[tuple[str, ...], list[str]] = {}
    for line in table.to_dict("records"):
        unused = ("muon_lr",) if line.get("optimizer") == "adam" else ()
        recipe = tuple("—" if key in unused else _cell(key, line[key]) for key in keys)
        models = alike.setdefault((line["weights"], *recipe), [])
        if line["model"] not in models:
            models.append(line["model"])
    rows = [(", ".join(models), row[0], list(row[1:])) for row, models in alike.items()]
    return Runs([TRAINED.get(key, key.replace("_", " ")) for key in keys], rows)


def _cell(key: str, value: str) -> str:
    if key in OFF_AT_ZERO and value in ("0", "0.0"):
        return "no"
    if key == "loss" and value in LOSSES:
        return LOSSES[value]
    return value.replace("_", " ") or "—"


@dataclass(frozen=True)
class Beside:
    """Our training losses beside the original study's at one size, in 1/PSNR."""

    side: int
    output: str
    bicubic: str
    rows: list[dict[str, Any]]


def beside_report(results: Results) -> list[Beside]:
    """For each output that the original study has losses for, how far ours are from them."""
    found: list[Beside] = []
    for output in results.outputs:
        part = results.beside[results.beside["output"] == output]
        lines = cast("list[dict[str, Any]]", part.to_dict("records"))
        rows = [_row(results, line) for line in lines]
        if part["report_last"].notna().any():
            bicubic = f"{part['bicubic'].iloc[0]:.{LOSS_DIGITS}f}"
            found.append(Beside(results.side(output), output, bicubic, rows))
    return found


def _row(results: Results, line: dict[str, Any]) -> dict[str, Any]:
    row = {"model": line["model"], "weights": results.weights(line["model"])}
    row |= {"last": f"{line['last']:.{LOSS_DIGITS}f}", "epochs": int(line["epochs"])}
    if line["report_last"] == line["report_last"]:  # not NaN
        row["report"] = f"{line['report_last']:.{LOSS_DIGITS}f}"
    for key in ("mean", "largest"):
        difference = line[f"{key}_difference"]
        row[key] = signed(difference, LOSS_DIGITS) if row["epochs"] else ""
    return {"report": ""} | row
