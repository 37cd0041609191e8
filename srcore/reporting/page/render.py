"""The report page: one file that holds figures, curves and images, and opens offline.

The page carries no commit and no time. DVC makes it before the commit that records it, so the
commit it could name would be the one before; and a page whose bytes changed with every commit would
leave dvc.lock dirty after each `dvc repro`. The way back is exact all the same: dvc.lock records
the md5 of the page, so the page prints the one `git log -S` line that finds its commit.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version_tuple
from typing import Any, cast

from srcore.common.text import public
from srcore.evaluation.tables import ENSEMBLE, NO_NETWORK
from srcore.features.labels import RANDOM
from srcore.inference.baselines import BASELINE, PLUS
from srcore.metrics.intervals import MIN_GROUPS
from srcore.metrics.requested import deep_metrics
from srcore.metrics.table import HEADLINE, METRICS, measured
from srcore.models.scales import OUTPUTS
from srcore.params import Params
from srcore.reporting.document import embedded, environment, policy, source
from srcore.reporting.page.charts import interval_bar
from srcore.reporting.page.facts import beside_report, facts, training_table
from srcore.reporting.page.headline import headline
from srcore.reporting.page.index import Chosen
from srcore.reporting.page.plots.table import plot_groups
from srcore.reporting.page.ranking import rankings
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import padded, short, signed

PACKAGES = ("srcore", "torch", "torchvision", "open_clip_torch", "numpy", "pillow", "dvc")
"""Packages whose versions can change a figure."""


def render(results: Results) -> str:
    """The whole page as HTML.

    Raises:
        StudyError: an image that data/compare/index.json names is missing.
    """
    pages = environment()
    style, script = (source(pages, name) for name in ("report.css", "report.js"))
    ranked = rankings(results)
    return pages.get_template("report.html.j2").render(
        style=style,
        script=script,
        policy=policy(style, script),
        random=RANDOM,
        outputs=results.outputs,
        headlines=[headline(results, ranking) for ranking in ranked],
        part=results.part,
        unreal=[name for name in results.models if results.weights(name) == RANDOM],
        tables=[_table(results, output) for output in results.outputs],
        metrics=METRICS,
        ensembles=any(m["kind"] == ENSEMBLE for m in results.metrics.values()),
        seeds=_seeds(results),
        precisions=results.precisions,
        beside=beside_report(results),
        runs=training_table(results),
        rankings=ranked,
        few_groups=MIN_GROUPS,
        curves=plot_groups(results),
        images=[_image(results, item) for item in results.index.images],
        low=results.params.pyramid.sizes[0],
        sides=dict(zip(("low", *OUTPUTS), results.params.pyramid.sizes, strict=True)),
        largest=results.params.pyramid.sizes[-1],
        facts=facts(results),
        parameters=_parameters(results.params),
        versions=_versions("torchmetrics" if deep_metrics(results.params.evaluate) else None),
        dataset=[(key.replace("groups", "scenes"), v) for key, v in _flat(results.dataset)],
        clip=results.clip,
        sheet=_embedded(results.sheet) if results.sheet else None,
    )


def _table(results: Results, output: str) -> dict[str, Any]:
    """The rows of one size, the largest gain first; bicubic stands at zero by definition."""
    entries = {name: method[output] for name, method in results.metrics.items() if output in method}
    known = {
        name: (e["gain_low"], e["gain_high"]) for name, e in entries.items() if "gain_low" in e
    }
    # Nearest loses so much that it would press all the others into one pixel.
    span = padded([0.0, *(end for name in known if name != "nearest" for end in known[name])])
    span = (max(min([0.0, *(low for low, _ in known.values())]), span[0]), span[1])
    rows: list[dict[str, Any]] = []
    metrics = measured(dict.fromkeys(key for entry in entries.values() for key in entry))
    ours = set(results.checkpoints.query("ours == 'yes'")["model"])
    for name, entry in sorted(entries.items(), key=lambda item: -item[1]["gain"]):
        whole = results.metrics[name]
        low, high = known.get(name, (None, None))
        spread = f"{entry['gain_spread']:.2f}" if "gain_spread" in entry else ""
        rows.append(
            {
                "name": name,
                "model": whole["kind"] != NO_NETWORK,
                "weights": results.weights(name),
                "metrics": [
                    {
                        "text": metric.shown(entry[key]) if key in entry else "",
                        "value": entry.get(key, ""),
                        # Bicubic has no seed, so its gain varies between seeds as its PSNR does.
                        "spread": spread if key == HEADLINE else "",
                    }
                    for key, metric in metrics.items()
                ],
                "gain": signed(entry["gain"]),
                "interval": f"{signed(low)} to {signed(high)}" if low is not None else "",
                "reference": name == BASELINE,
                "bar": interval_bar(low, entry["gain"], high, span)
                if low is not None and low >= span[0]
                else None,
                "wins": f"{100 * entry['wins']:.0f} %" if "wins" in entry else "",
                "parameters": f"{whole['parameters']:,}" if "parameters" in whole else "",
                "frozen": f"{whole['frozen_parameters']:,}" if "frozen_parameters" in whole else "",
                "macs": short(whole["macs"]) if "macs" in whole else "",
                "spread": spread,
                "ours": name.removesuffix(PLUS) in ours,
                "sort": {
                    "gain": entry["gain"],
                    "low": "" if low is None else low,
                    "wins": entry.get("wins", ""),
                    "parameters": whole.get("parameters", ""),
                    "frozen": whole.get("frozen_parameters", ""),
                    "macs": whole.get("macs", ""),
                },
            }
        )
    return {"side": results.side(output), "output": output, "metrics": metrics, "rows": rows}


def _seeds(results: Results) -> str:
    """How many seeds the models were trained with, empty for one."""
    entries = [
        results.metrics[name][o]
        for name in results.models
        for o in results.outputs
        if o in results.metrics[name]
    ]
    counts = sorted({entry["seeds"] for entry in entries})
    return "" if counts == [1] else " or ".join(str(count) for count in counts)


def _image(results: Results, item: Chosen) -> dict[str, Any]:
    """One chosen image with its outputs at every size; each file is embedded once."""
    sizes: list[dict[str, Any]] = []
    for output, shown in item.outputs.items():
        side = results.side(output)
        views: list[dict[str, Any]] = []
        for view in shown:
            score = ", ".join(METRICS[key].text(value) for key, value in view.figures.items())
            named = f"{item.name}, {side} × {side} pixels, {view.label}"
            views.append(
                {
                    "method": view.method,
                    "label": view.label,
                    "unreal": view.weights == RANDOM,
                    "figures": {k: METRICS[k].shown(value) for k, value in view.figures.items()},
                    "score": score,
                    "alt": f"{named}: {score}" if score else named,
                    "source": _embedded(results.folder / view.file),
                }
            )
        best = results.best(output) if output in results.outputs else "target"
        sizes.append({"output": output, "side": side, "views": views, "right": best})
    usual = [o for o in results.outputs if o in item.outputs]
    low = results.params.pyramid.sizes[0]
    return {
        "id": item.id,
        "name": item.name,
        "detail": item.detail,
        "sizes": sizes,
        "first": usual[-1] if usual else sizes[0]["output"],
        "low": _embedded(results.folder / item.low),
        "low_alt": f"{item.name}, the {low} × {low} pixels that every method starts from",
    }


def _parameters(params: Params) -> list[tuple[str, str]]:
    """All of params.yaml, a line a key."""
    lines = _flat(params.model_dump())
    return [(key, public(value)) for key, value in lines]


def _flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Nested dicts as lines `a.b.c`, text."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return [
            line for name, item in items for line in _flat(item, f"{key}.{name}" if key else name)
        ]
    if isinstance(value, list):
        items = [str(item) for item in cast("list[Any]", value)]
        between = "\n" if any(len(item) > 20 for item in items) else ", "
        return [(key, between.join(items) or "—")]
    return [(key, "—" if value is None else str(value))]


def _versions(*further: str | None) -> list[tuple[str, str]]:
    # Of Python's own no more than 3.11: a patch changes no figure, and would change the page.
    found = [("Python", ".".join(python_version_tuple()[:2]))]
    for name in filter(None, (*PACKAGES, *further)):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:  # one that this installation can do without
            continue
    return found


def _embedded(path: Path) -> str:
    return embedded(path, f"remove {path.parent} and run `dvc repro`")
