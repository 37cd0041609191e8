"""What was run, in a few lines for people."""

from srcore.metrics.intervals import FEW_GROUPS
from srcore.reporting.page.results import Results

VARIANT = "subpixel_report_loss"
"""The one model whose loss is not that of its group of params.yaml."""


def facts(results: Results) -> list[tuple[str, str]]:
    """Lines of what and how: what it is, and its value."""
    params, table = results.params, results.images
    sizes = " → ".join(str(size) for size in params.pyramid.sizes)
    held_out, groups = table["image"].nunique(), table["group"].nunique()
    frozen = [f"{name}: {w}" for name in results.models if (w := results.weights(name))]
    scenes = f" of {groups} scenes; intervals resample whole scenes" if groups < held_out else ""
    if scenes and groups < FEW_GROUPS:
        scenes += ", and with so few of them are rough"
    return [
        ("Models", f"{', '.join(results.models)} (model = {params.model})"),
        ("Frozen weights", "; ".join(frozen) or "none of these models uses frozen weights"),
        ("Images", f"source {params.data.source}; judged on {held_out} held-out{scenes}"),
        ("Sizes", f"{sizes} pixels a side"),
        ("Epochs", str(params.train.epochs)),
        *_training(results),
        ("Seeds", ", ".join(str(seed) for seed in params.seeds)),
        ("Device", params.device),
        ("Threads", str(params.threads)),
    ]


def _training(results: Results) -> list[tuple[str, str]]:
    """How the report's networks were trained, and our own ones, where they are among the models."""
    train, own = results.params.train, results.params.modern
    everywhere = {"report": (), "modern": ("",)}.get(train.recipe, ("subpixel",))
    ours = [name for name in results.models if name.startswith(tuple(everywhere))]
    theirs = [name for name in results.models if name not in ours]
    loss = f"loss {own.loss}"
    if VARIANT in ours:
        loss += f" ({VARIANT}: inverse_psnr)"
    extras = [loss, own.schedule.replace("_", " ") + " schedule"]
    extras += [f"gradients of norm {own.max_norm:g} at most"] if own.max_norm else []
    extras += ["turned and mirrored at random"] if own.flips else []
    extras += [f"weights averaged ({own.average:g})"] if own.average else []
    as_reported = f"batch size {train.batch_size}, rate {train.lr:g}, loss inverse_psnr"
    by_us = f"batch size {own.batch_size}, rate {own.lr:g}, {', '.join(extras)}"
    return [
        (f"Training of {', '.join(models)}", said)
        for models, said in ((theirs, as_reported), (ours, by_us))
        if models
    ]
