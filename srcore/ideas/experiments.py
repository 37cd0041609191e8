"""Which networks are trained, by which recipe and with which seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from srcore.ideas.names import HEADS, SLOW
from srcore.ideas.networks import BODIES, FEATURES, IdeaNetwork, Shallow
from srcore.models.ablation import WithBilinearHead, WithoutSkip
from srcore.models.base import SuperResolver
from srcore.models.registry import model_class
from srcore.models.subpixel import SuperResNetSubpixel
from srcore.training.recipe import Recipe, modern_recipe

if TYPE_CHECKING:
    from srcore.params.schema import Params

REPORT = ("basic", "multi", "residual", "dilated", "vgg", "clip")
"""The original study's networks, which are trained as it trained them."""


@dataclass(frozen=True)
class Experiment:
    """One network under one recipe, trained with several seeds.

    Attributes:
        name: such as `plain.subpixel`, `own.no_skip`, `report.multi`.
        build: makes the network.
        recipe: how it is trained.
        seeds: of first weights and order.
        features: the frozen features that it takes, None without.
    """

    name: str
    build: Callable[[], SuperResolver]
    recipe: Recipe
    seeds: tuple[int, ...]
    features: str | None = None

    @property
    def group(self) -> str:
        """`grid`, `own` or `report`."""
        first = self.name.partition(".")[0]
        return first if first in ("own", "report") else "grid"


def experiments(
    modern: Recipe,
    slow: Recipe,
    report: Recipe,
    seeds: Sequence[int],
    report_seeds: Sequence[int],
) -> list[Experiment]:
    """All of them, the grid first.

    A variant of our own network is left out where the recipe lacks its idea already: it would be
    compared with itself.

    Args:
        modern: the recipe of the grid, which leaves flips out for all since frozen features are not
            transformed, and of our own network, which is trained once without each of its ideas.
        slow: the recipe of the bodies `SLOW`: `modern`, without flips, at a lower learning rate.
        report: the recipe of the original study's networks.
        seeds: seeds of the grid and of our own network.
        report_seeds: seeds of the original study's networks.
    """
    unflipped, many = replace(modern, flips=False), tuple(seeds)
    grid = [
        Experiment(
            f"{body}.{head}",
            partial(IdeaNetwork, body, head),
            slow if body in SLOW else unflipped,
            many,
            body if body in FEATURES else None,
        )
        for head in HEADS
        for body in BODIES
    ]
    whole = Experiment("own.whole", SuperResNetSubpixel, modern, many)
    variants = [
        Experiment("own.no_skip", WithoutSkip, modern, many),
        Experiment("own.bilinear", WithBilinearHead, modern, many),
        Experiment("own.shallow", Shallow, modern, many),
        Experiment("own.constant", SuperResNetSubpixel, replace(modern, schedule="constant"), many),
        Experiment("own.no_flips", SuperResNetSubpixel, unflipped, many),
        Experiment(
            "own.report_loss", SuperResNetSubpixel, replace(modern, loss="inverse_psnr"), many
        ),
    ]
    own = [whole, *(v for v in variants if (v.build, v.recipe) != (whole.build, whole.recipe))]
    theirs = [
        Experiment(
            f"report.{name}",
            model_class(name),
            report,
            tuple(report_seeds),
            model_class(name).frozen,
        )
        for name in REPORT
    ]
    return [*grid, *own, *theirs]


def requested_experiments(params: "Params") -> list[Experiment]:
    """The experiments that params.yaml asks for."""
    ideas = params.ideas
    return experiments(
        modern_recipe(params.modern, ideas.epochs, frozen=False),
        modern_recipe(params.modern, ideas.epochs, frozen=True),
        Recipe(epochs=ideas.report_epochs, **params.train.model_dump(exclude={"epochs", "recipe"})),
        ideas.seeds,
        ideas.report_seeds,
    )
