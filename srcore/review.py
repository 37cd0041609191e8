"""What a change did to the study, as one Markdown text for a pull request.

`python -m srcore.review main` compares the working tree with the commit `main`.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from srcore.bootstrap import FEW_GROUPS, mean_interval
from srcore.errors import StudyError
from srcore.stage import main

PARAMS, METRICS = "params.yaml", "metrics/evaluate.json"
PICTURES = "plots/pictures.csv"
SHEETS = ("plots/compare.mid.png", "plots/compare.large.png", "plots/report.html")
KEYS = ["method", "output", "picture"]


@dataclass(frozen=True)
class Study:
    """Parameters and results of one state of the project."""

    name: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    pictures: pd.DataFrame


def read_study(commit: str | None) -> Study:
    """The study as committed in `commit`, or that of the working tree.

    Raises:
        StudyError: the commit or one of its result files does not exist.
    """
    files = {path: _read(commit, path) for path in (PARAMS, METRICS, PICTURES)}
    return Study(
        commit or "now",
        YAML(typ="safe").load(files[PARAMS]),
        json.loads(files[METRICS]),
        pd.read_csv(io.StringIO(files[PICTURES]), keep_default_na=False),
    )


def review(base: Study, head: Study, links: str | None = None) -> str:
    """Markdown: changed parameters, then the change of every gain over bicubic, then the sheets.

    Differences are paired by picture, with a 95 % bootstrap interval; one that includes zero is
    called noise, and where only a few scenes are held out nothing is called more. Gains are in dB.

    Args:
        base: the state to compare with.
        head: the state under review.
        links: address of a place that holds the sheets; without it their paths are named.
    """
    return "\n".join(
        [f"### The study, compared with `{base.name}`", "", *_lines(base, head, links)]
    )


def _lines(base: Study, head: Study, links: str | None) -> Iterator[str]:
    changes = list(_changes(base.params, head.params))
    yield "Parameters: " + ("; ".join(changes) if changes else "none changed") + "."
    yield ""
    rows = _paired(base, head)
    if rows.empty:
        yield "The two states share no held-out picture of a common model: nothing can be paired."
    else:
        pictures = rows.groupby(["method", "output"]).size().max()
        yield f"| model | output | gain over bicubic, `{base.name}` → now | difference, 95 % | |"
        yield "|---|---|---|---|---|"
        for (method, output), part in rows.groupby(["method", "output"], sort=False):
            yield _row(head, str(method), str(output), part)
        yield ""
        yield f"Differences in dB, paired over {pictures} held-out pictures."
    for side, missing in (("new", _only(head, base)), ("gone", _only(base, head))):
        if missing:
            yield f"Models that are {side}: {', '.join(missing)}."
    places = [f"[{path}]({links})" if links else f"`{path}`" for path in SHEETS]
    yield f"Sheets: {', '.join(places)}."


def _row(head: Study, method: str, output: str, part: pd.DataFrame) -> str:
    difference = part["gain_head"] - part["gain_base"]
    resamples = head.params["evaluate"]["resamples"]
    low, high = mean_interval(difference, part["group"], resamples)
    verdict = "noise" if low <= 0 <= high else ("**better**" if low > 0 else "**worse**")
    if (scenes := part["group"].nunique()) < FEW_GROUPS:
        verdict = f"{scenes} scenes: too few to tell"
    weights = head.metrics[method][output].get("weights")
    name = f"{method} ({weights})" if weights else method
    gains = f"{part['gain_base'].mean():+.2f} → {part['gain_head'].mean():+.2f}"
    interval = f"{difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"| {name} | {output} | {gains} | {interval} | {verdict} |"


def _paired(base: Study, head: Study) -> pd.DataFrame:
    """The same pictures, of the models both states have, in the order of `head`.

    A name stands for the same picture when bicubic interpolation scores the same on both sides.
    """
    shared = set(base.metrics) & {name for name in head.metrics if "macs" in head.metrics[name]}
    bicubic = [
        study.pictures[study.pictures["method"] == "bicubic"].set_index(["picture", "output"])
        for study in (base, head)
    ]
    same = bicubic[0]["psnr"].eq(bicubic[1]["psnr"])  # aligned by name; absent ones are not equal
    ours = head.pictures[head.pictures["method"].isin(shared)]
    pairs = pd.MultiIndex.from_frame(ours[["picture", "output"]])
    ours = ours[same.reindex(pairs, fill_value=False).to_numpy(bool)]
    return ours.merge(base.pictures, on=KEYS, suffixes=("_head", "_base")).rename(
        columns={"group_head": "group"}
    )


def _only(study: Study, other: Study) -> list[str]:
    models = [name for name, value in study.metrics.items() if "macs" in value]
    return [name for name in models if name not in other.metrics]


def _changes(base: Any, head: Any, key: str = "") -> Iterator[str]:
    if isinstance(base, dict) and isinstance(head, dict):
        for name in dict.fromkeys([*base, *head]):
            yield from _changes(base.get(name), head.get(name), f"{key}.{name}".lstrip("."))
    elif base != head:
        yield f"`{key}` {base} → {head}"


def _read(commit: str | None, path: str) -> str:
    try:
        if commit is None:
            return Path(path).read_text(encoding="utf-8")
        command = ["git", "show", f"{commit}:{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        where = f"in commit {commit}" if commit else "here; run `dvc repro` first"
        raise StudyError(f"{path} is not {where}") from None


def _run() -> None:
    if len(sys.argv) != 2:
        raise StudyError("name one commit to compare with: make review BASE=main")
    base, head = read_study(sys.argv[1]), read_study(None)
    sys.stdout.write(review(base, head, os.environ.get("SHEETS_URL")) + "\n")


if __name__ == "__main__":
    main(_run)
