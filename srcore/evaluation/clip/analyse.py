"""Both questions put to CLIP, and the files that hold the answers."""

from pathlib import Path

from srcore.common.files import write_json
from srcore.common.tables import write_table
from srcore.data.dataset import Indices, Pyramids
from srcore.evaluation.clip import matrix, meaning
from srcore.evaluation.clip.chart import draw_meaning
from srcore.evaluation.clip.descriptions import describe, voc_classes
from srcore.evaluation.clip.embed import TARGET, Version, embed_versions
from srcore.evaluation.clip.heatmap import draw_descriptions, draw_images
from srcore.evaluation.clip.labels import is_random, said
from srcore.features.clip import Clip
from srcore.inference.network import Network
from srcore.params.schema import ClipAnalysis


def analyse(
    networks: list[Network],
    pyramids: Pyramids,
    held_out: Indices,
    clip: Clip,
    *,
    settings: ClipAnalysis,
    resamples: int,
    out: Path,
) -> None:
    """Write `metrics/clip_analysis.json` and the tables and drawings `plots/clip_*`.

    All held-out images are embedded; the matrices show `settings.images` of them, at the
    largest size. The zero-shot accuracy needs annotations, and weights that were trained.

    Args:
        networks: the model set, on CLIP's device.
        pyramids: the images.
        held_out: which of them are held out.
        clip: CLIP.
        settings: which images and descriptions the matrices show.
        resamples: bootstrap resamples behind every interval.
        out: the folder of metrics and plots.
    """
    scored = not is_random(clip) and bool(meaning.is_annotated(pyramids, held_out).any())
    classes = voc_classes(clip) if scored or not settings.descriptions else None
    descriptions = describe(settings.descriptions, clip) if settings.descriptions else classes
    assert descriptions is not None
    embeddings = embed_versions(networks, pyramids, held_out, clip, low=scored)

    plots = out / "plots"
    chosen = matrix.choose(held_out, settings.images, settings.seed)
    rows = held_out[chosen]
    target = embeddings[Version(TARGET, 0, "large")][chosen]
    seen = matrix.compare(pyramids, rows, target, descriptions, clip)
    write_table(plots / "clip_matrix.csv", matrix.as_table(seen))
    write_table(plots / "clip_images.csv", matrix.pairs_table(seen))
    write_table(plots / "clip_best.csv", matrix.best_table(seen))
    thumbnails = pyramids.mid[rows]
    draw_descriptions(seen, thumbnails, plots / "clip_matrix.png")
    draw_images(seen, thumbnails, plots / "clip_images.png")

    judged = meaning.judge(embeddings, pyramids, held_out, classes if scored else None)
    summary = meaning.summarise(judged, clip.label, resamples)
    write_json(out / "metrics" / "clip_analysis.json", summary)
    survived = meaning.as_table(summary, said(clip))
    write_table(plots / "clip_meaning.csv", survived)
    draw_meaning(survived, pyramids.sizes, plots / "clip_meaning.png")
