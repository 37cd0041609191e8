"""Both questions put to CLIP, and the files that hold the answers."""

from pathlib import Path

from srcore.common import paths
from srcore.common.files import write_json
from srcore.common.tables import write_table
from srcore.data.dataset import Pyramids, Split
from srcore.evaluation.clip import matrix, meaning
from srcore.evaluation.clip.chart import draw_meaning
from srcore.evaluation.clip.descriptions import describe, voc_classes
from srcore.evaluation.clip.embed import TARGET, Version, embed_versions
from srcore.evaluation.clip.heatmap import draw_descriptions, draw_images
from srcore.evaluation.clip.labels import in_words, is_random
from srcore.evaluation.clip.zero_shot import POSITIVE, class_matrix
from srcore.features.clip import Clip
from srcore.inference.linear import LinearFilter
from srcore.inference.network import Network
from srcore.params.schema import ClipAnalysis


def analyse(
    networks: list[Network],
    linear: LinearFilter,
    pyramids: Pyramids,
    split: Split,
    clip: Clip,
    *,
    settings: ClipAnalysis,
    out: Path,
) -> None:
    """Write `metrics/clip_analysis.json` and the tables and drawings `plots/clip_*`.

    All images of the judged part are embedded; the matrices show `settings.images` of them, at the
    largest size. Naming classes is scored where there are annotations, and weights that were
    trained.

    Args:
        networks: the model set, on CLIP's device.
        linear: the linear filter.
        pyramids: the images.
        split: which of them are judged.
        clip: CLIP.
        settings: which images and descriptions the matrices show.
        out: the folder of metrics and plots.
    """
    rows = split.evaluated
    labels = [pyramids.labels[row] for row in rows]
    annotated = int((class_matrix(labels) == POSITIVE).any(axis=1).sum())
    scored = not is_random(clip) and annotated > 0
    classes = voc_classes(clip) if scored or not settings.descriptions else None
    descriptions = describe(settings.descriptions, clip) if settings.descriptions else classes
    assert descriptions is not None
    embeddings = embed_versions(networks, linear, pyramids, rows, clip)

    plots = out / "plots"
    chosen = matrix.choose(rows, settings.images, settings.seed)
    shown = rows[chosen]
    target = embeddings[Version(TARGET, None, "large")][chosen]
    seen = matrix.compare(pyramids, shown, target, descriptions, clip, part=split.part)
    write_table(out / paths.CLIP_MATRIX, matrix.as_table(seen))
    write_table(plots / "clip_images.csv", matrix.pairs_table(seen))
    write_table(out / paths.CLIP_BEST, matrix.best_table(seen))
    thumbnails = pyramids.mid[shown]
    draw_descriptions(seen, thumbnails, plots / "clip_matrix.png")
    draw_images(seen, thumbnails, plots / "clip_images.png")

    judged = meaning.judge(embeddings, pyramids, rows, descriptions)
    models = list(dict.fromkeys(network.card.model for network in networks))
    summary = meaning.summarise(judged, split.part, clip.label, annotated, models)
    write_json(out / paths.CLIP_ANALYSIS, summary)
    named = meaning.zero_shot(embeddings, labels, classes) if scored and classes else None
    survived = meaning.as_table(judged, named, clip.label).assign(clip=in_words(clip))
    write_table(out / paths.CLIP_MEANING, survived)
    draw_meaning(survived, pyramids.sizes, plots / "clip_meaning.png", split.part)
