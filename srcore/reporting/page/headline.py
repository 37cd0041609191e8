"""The result in a few words: the network with the largest gain, and what may be claimed of it."""

from dataclasses import dataclass

from srcore.inference.baselines import BASELINE
from srcore.reporting.page.ranking import Ranking
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import listed, signed


@dataclass(frozen=True)
class Headline:
    """One size of the result.

    Attributes:
        side: pixels of an image.
        model: the network with the largest mean gain.
        weights: label of its frozen weights.
        gain: its gain over bicubic in dB.
        spread: standard deviation of the gain between seeds, empty with one.
        interval: the gain's 95 % interval, empty where scenes are too few for one.
        verdict: what may be claimed, a sentence that begins with the model.
        won: share of images on which it beats bicubic.
        kind: gain, loss or noise.
    """

    side: int
    model: str
    weights: str
    gain: str
    spread: str
    interval: str
    verdict: str
    won: str
    kind: str


def headline(results: Results, ranking: Ranking) -> Headline:
    """What is said at the top of the page about one size."""
    model = results.best(ranking.output)
    entry = results.metrics[model][ranking.output]
    known = not ranking.few and "gain_low" in entry
    against = _against(ranking, model)
    kind = {"better": "gain", "worse": "loss"}.get(against[BASELINE], "noise")
    return Headline(
        side=ranking.side,
        model=model,
        weights=results.weights(model),
        gain=signed(entry["gain"]),
        spread=f"{entry['gain_spread']:.2f}" if "gain_spread" in entry else "",
        interval=f"{signed(entry['gain_low'])} to {signed(entry['gain_high'])}" if known else "",
        verdict=_few(results, ranking) if ranking.few else _verdict(ranking, against),
        won=f"{100 * entry['wins']:.0f} %",
        kind=kind,
    )


def _against(ranking: Ranking, model: str) -> dict[str, str]:
    """Every other method → better, worse, noise, …: what the model is beside it."""
    opposite = {"better": "worse", "worse": "better"}
    found: dict[str, str] = {}
    for (one, other), difference in ranking.pairs.items():
        verdict: str = difference.verdict
        if one == model:
            found[other] = verdict
        elif other == model:
            found[one] = opposite.get(verdict, verdict)
    return found


def _few(results: Results, ranking: Ranking) -> str:
    alone = sum(ranking.output in results.metrics[name] for name in results.models) == 1
    mean = "this is its mean gain" if alone else "has the largest mean gain of the networks here"
    scenes = f"only {ranking.few} scene{'s' * (ranking.few > 1)}"
    link = ": " if alone else " "
    shown = f"The {results.part} images show {scenes}. This is too few for a conclusion"
    return f"{link}{mean}. {shown}"


def _verdict(ranking: Ranking, against: dict[str, str]) -> str:
    others = {name: verdict for name, verdict in against.items() if name != BASELINE}
    level = [name for name, verdict in others.items() if verdict in ("noise", "same")]
    ahead = [name for name, verdict in others.items() if verdict == "worse"]
    over = {"better": "is better than bicubic", "worse": "is worse than bicubic"}
    parts = [over.get(against[BASELINE], "is not significantly different from bicubic")]
    if ahead:
        parts.append(f"is worse than {listed(ahead)}")
    if level:
        parts.append(f"is not significantly different from {listed(level)}")
    if others and not ahead and not level and against[BASELINE] == "better":
        parts.append("is better than all others in the ranking below")
    once = "; other seeds may give another result" if ranking.one_training else ""
    return f" {listed(parts)}{once}"
