"""Where the files of the study are, seen from its top folder."""

from pathlib import Path

DATA, METRICS, PLOTS = Path("data"), Path("metrics"), Path("plots")

CHECKED = DATA / "checked.json"
RAW = DATA / "raw"
PYRAMIDS = DATA / "pyramids"
SPLIT = DATA / "split"
LINEAR = DATA / "linear"
"""The fitted linear filter."""
FEATURES = DATA / "features"
"""Frozen features, a folder for each kind of extractor."""
MODELS = DATA / "models"
"""Trained networks, a folder for each model and each model set."""
COMPARE = DATA / "compare"
REPORT_LOSSES = DATA / "report_losses.csv"

DATASET = METRICS / "dataset.json"
EVALUATION = METRICS / "evaluate.json"
TRAINING = METRICS / "train.json"
BENCHMARK = METRICS / "benchmark.json"
CLIP_ANALYSIS = METRICS / "clip_analysis.json"

IMAGE_TABLE = PLOTS / "images.csv"
"""Every method on every held-out image."""
TRAINING_TABLE = PLOTS / "training.csv"
COST_TABLE = PLOTS / "cost.csv"
BENCHMARK_TABLE = PLOTS / "benchmark.csv"
CLIP_MEANING = PLOTS / "clip_meaning.csv"
"""How much of the meaning every method keeps."""
CLIP_BEST = PLOTS / "clip_best.csv"
CLIP_MATRIX = PLOTS / "clip_matrix.csv"
"""The best descriptions of some images, and the cosines of all."""
SAMPLES = PLOTS / "samples.png"
PAGE = PLOTS / "report.html"
