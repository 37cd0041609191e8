"""The report page: one file that holds figures, curves and images, and opens offline.

The page carries no commit and no time. DVC makes it before the commit that records it, so the
commit it could name would be the one before; and a page whose bytes changed with every commit would
leave dvc.lock dirty after each `dvc repro`. The way back is exact all the same: dvc.lock records
the md5 of the page, so the page prints the one `git log -S` line that finds its commit.
"""

import base64
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from srcore.common.errors import StudyError
from srcore.features.labels import RANDOM
from srcore.inference.baselines import BASELINE, METHODS
from srcore.metrics.intervals import FEW_GROUPS
from srcore.params import Params
from srcore.reporting.page.charts import interval_bar
from srcore.reporting.page.curves import curve_groups
from srcore.reporting.page.facts import facts
from srcore.reporting.page.ideas import ideas_section
from srcore.reporting.page.ranking import rankings
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import padded, short, signed

PACKAGES = ("srcore", "torch", "torchvision", "open_clip_torch", "numpy", "pillow", "dvc")
"""Packages whose versions can change a figure."""
PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
"""How every whole PNG file begins and ends."""


def render(results: Results) -> str:
    """The whole page as HTML.

    Raises:
        StudyError: an image that data/compare/index.json names is missing.
    """
    pages = Environment(
        loader=PackageLoader("srcore.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_source(pages, name) for name in ("report.css", "report.js"))
    return pages.get_template("report.html.j2").render(
        style=Markup(style),  # noqa: S704 (our own file)
        script=Markup(script),  # noqa: S704
        # Nothing but this very style, this very script and embedded images may load or run.
        policy=(
            f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
            f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
        ),
        random=RANDOM,
        outputs=results.outputs,
        headlines=[_headline(results, output) for output in results.outputs],
        unreal=[name for name in results.models if results.weights(name) == RANDOM],
        tables=[_table(results, output) for output in results.outputs],
        seeds=_seeds(results),
        rankings=rankings(results),
        ideas=ideas_section(results.ideas),
        curves=curve_groups(results),
        images=[_image(results, item) for item in results.index["images"]],
        low=results.params.pyramid.sizes[0],
        largest=results.params.pyramid.sizes[-1],
        facts=facts(results),
        parameters=_parameters(results.params),
        versions=_versions(),
        dataset=_flat(results.dataset),
        sheet=_embedded(results.sheet) if results.sheet else None,
    )


def _headline(results: Results, output: str) -> dict[str, Any]:
    """Which network gains most at one size, in plain words."""
    best = results.metrics["best"][output]
    entry = results.metrics[best["model"]][output]
    low, high = entry["gain_low"], entry["gain_high"]
    within_seeds = abs(entry["gain"]) < entry.get("gain_spread", 0)
    kind = "noise" if low <= 0 <= high or within_seeds else "gain" if low > 0 else "loss"
    alone = sum(output in results.metrics[name] for name in results.models) == 1
    if kind == "gain":
        verdict = "beats bicubic" if alone else "gains most over bicubic"
    elif kind == "loss":
        closest = "comes closest to bicubic; no network beats it"
        verdict = "stays below bicubic" if alone else closest
    else:
        leads = "is level with bicubic" if alone else "leads, level with bicubic"
        why = "the interval includes zero" if low <= 0 <= high else "seeds differ by more"
        verdict = f"{leads}: {why}"
    if (groups := results.images["group"].nunique()) < FEW_GROUPS:
        verdict += f"; judged on {groups} scenes only, so the interval is rough"
    return {
        "side": results.side(output),
        "model": best["model"],
        "weights": results.weights(best["model"]),
        "gain": signed(entry["gain"]),
        "low": signed(low),
        "high": signed(high),
        "verdict": verdict,
        "won": f"{100 * entry['wins']:.0f} %",
        "spread": f"{entry['gain_spread']:.2f}" if "gain_spread" in entry else "",
        "kind": kind,
    }


def _table(results: Results, output: str) -> dict[str, Any]:
    """The rows of one size, the largest gain first; bicubic stands at zero by definition."""
    names = [name for name in (*results.models, *METHODS) if output in results.metrics[name]]
    zero = {"gain": 0.0, "gain_low": 0.0, "gain_high": 0.0}
    entries = {name: zero | cast("dict[str, Any]", results.metrics[name][output]) for name in names}
    ends = [e[key] for e in entries.values() for key in ("gain_low", "gain_high")]
    # Nearest loses so much that it would press all the others into one pixel.
    learned = [entries[name] for name in names if name != "nearest"]
    span = padded([0.0, *(e[key] for e in learned for key in ("gain_low", "gain_high"))])
    span = (max(min(ends), span[0]), span[1])
    rows: list[dict[str, Any]] = []
    for name, entry in sorted(entries.items(), key=lambda item: -item[1]["gain"]):
        whole = results.metrics[name]
        inside = span[0] <= entry["gain_low"]
        rows.append(
            {
                "name": name,
                "model": name in results.models,
                "weights": results.weights(name),
                "psnr": f"{entry['psnr']:.2f}",
                "ssim": f"{entry['ssim']:.4f}",
                "gain": signed(entry["gain"]),
                "low": signed(entry["gain_low"]),
                "high": signed(entry["gain_high"]),
                "reference": name == BASELINE,
                "bar": interval_bar(entry["gain_low"], entry["gain"], entry["gain_high"], span)
                if inside and name != BASELINE
                else None,
                "wins": f"{100 * entry['wins']:.0f} %" if "wins" in entry else "",
                "parameters": f"{whole['parameters']:,}" if "parameters" in whole else "",
                "macs": short(whole["macs"]) if "macs" in whole else "",
                "spread": f"{entry['gain_spread']:.2f}" if "gain_spread" in entry else "",
                "sort": {
                    "psnr": entry["psnr"],
                    "ssim": entry["ssim"],
                    "gain": entry["gain"],
                    "low": entry["gain_low"],
                    "wins": entry.get("wins", ""),
                    "parameters": whole.get("parameters", ""),
                    "macs": whole.get("macs", ""),
                },
            }
        )
    return {"side": results.side(output), "output": output, "rows": rows}


def _seeds(results: Results) -> str:
    """How many seeds the models were trained with, empty for one."""
    entries = [
        results.metrics[name][o]
        for name in results.models
        for o in results.outputs
        if o in results.metrics[name]
    ]
    counts = sorted({entry.get("seeds", 1) for entry in entries})
    return "" if counts == [1] else " or ".join(str(count) for count in counts)


def _image(results: Results, item: dict[str, Any]) -> dict[str, Any]:
    """One chosen image with its outputs at every size; each file is embedded once."""
    sizes: list[dict[str, Any]] = []
    for output, shown in cast("dict[str, list[dict[str, Any]]]", item["outputs"]).items():
        side = results.side(output)
        views: list[dict[str, Any]] = []
        for view in shown:
            scored = view.get("psnr") is not None
            psnr = f"{view['psnr']:.2f}" if scored else ""
            ssim = f"{view['ssim']:.4f}" if scored else ""
            score = f": PSNR {psnr} dB, SSIM {ssim}" if scored else ""
            views.append(
                {
                    "method": view["method"],
                    "label": view["label"],
                    "unreal": view.get("weights") == RANDOM,
                    "psnr": psnr,
                    "ssim": ssim,
                    "alt": f"{item['name']}, {side} × {side} pixels, {view['label']}{score}",
                    "source": _embedded(results.folder / view["file"]),
                }
            )
        best = (
            cast("dict[str, Any]", results.metrics["best"]).get(output, {}).get("model", "target")
        )
        sizes.append({"output": output, "side": side, "views": views, "right": best})
    usual = [o for o in results.outputs if o in item["outputs"]]
    low = results.params.pyramid.sizes[0]
    return {
        "id": item["id"],
        "name": item["name"],
        "detail": item["detail"],
        "sizes": sizes,
        "first": usual[-1] if usual else sizes[0]["output"],
        "low": _embedded(results.folder / item["low"]),
        "low_alt": f"{item['name']}, the {low} × {low} pixels that every method starts from",
    }


def _parameters(params: Params) -> list[tuple[str, str]]:
    """All of params.yaml, a line a key; of an absolute path the last part only, for privacy."""
    lines = _flat(params.model_dump())
    return [
        (key, f"…/{Path(value).name}" if Path(value).is_absolute() else value)
        for key, value in lines
    ]


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


def _versions() -> list[tuple[str, str]]:
    found = [("Python", python_version())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:  # one that this installation can do without
            continue
    return found


def _embedded(path: Path) -> str:
    try:
        image = path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; remove {path.parent} and run `dvc repro`") from None
    if not image.startswith(PNG_START) or not image.endswith(PNG_END):
        raise StudyError(f"{path}: damaged; remove {path.parent} and run `dvc repro`")
    return "data:image/png;base64," + base64.b64encode(image).decode()


def _source(pages: Environment, name: str) -> str:
    """A file beside the template, not expanded."""
    assert pages.loader is not None
    return pages.loader.get_source(pages, name)[0]


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
