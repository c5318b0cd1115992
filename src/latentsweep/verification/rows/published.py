"""Published numbers, by the recipes in `conf/experiment/`: hours of training each, or a GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import median

from latentsweep.verification.claim import Claim, Found, Tolerance, within
from latentsweep.verification.trained import finished, scores, trained, where_trained

FAMILY = "Published numbers"
BETAS = (1, 2, 4, 6, 8, 16)
SEEDS = (0, 1, 2, 3, 4)  # of the study's 50
_BURDA = "Burda et al. 2016, table 1"
# Beside what reruns differ by (1.0), something for a step size that does not fall.
_ANOTHER_SCHEDULE = 1.5


@dataclass(frozen=True)
class Recipe:
    """A published likelihood.

    Attributes:
        name: of the claim.
        overrides: that train it.
        claim: what is said.
        source: who says it.
        expected: NLL in nats per image.
        tolerance: about it.
        samples: importance samples of the NLL.
    """

    name: str
    overrides: tuple[str, ...]
    claim: str
    source: str
    expected: float
    tolerance: Tolerance
    samples: int


RECIPES = (
    Recipe(
        name="static_mnist_vae",
        overrides=("experiment=static_mnist_vae",),
        claim="VAE 784-400-z40, static MNIST: NLL of 200 samples, nats",
        source="pythae's reproductions (89.78)",
        expected=89.8,
        tolerance=within(0.5),
        samples=200,
    ),
    Recipe(
        name="static_mnist_iwae",
        overrides=("experiment=static_mnist_iwae",),
        claim="IWAE k=50 784-200-200-z50, static MNIST: NLL of 5,000 samples, nats",
        source=f"{_BURDA} (87.10); pythae's reproductions (86.82)",
        expected=86.9,
        tolerance=within(0.5),
        samples=5000,
    ),
    Recipe(
        name="burda_vae",
        overrides=("experiment=burda_vae",),
        claim="VAE 784-200-200-z50, dynamic MNIST: NLL of 5,000 samples, nats",
        source=f"{_BURDA}; a rerun: 87.75",
        expected=86.76,
        tolerance=within(_ANOTHER_SCHEDULE),
        samples=5000,
    ),
    Recipe(
        name="burda_iwae_5",
        overrides=("experiment=burda_iwae", "model.importance_samples=5"),
        claim="IWAE k=5 784-200-200-z50, dynamic MNIST: NLL of 5,000 samples, nats",
        source=f"a rerun of {_BURDA}",
        expected=85.50,
        tolerance=within(_ANOTHER_SCHEDULE),
        samples=5000,
    ),
    Recipe(
        name="burda_iwae",
        overrides=("experiment=burda_iwae",),
        claim="IWAE k=50 784-200-200-z50, dynamic MNIST: NLL of 5,000 samples, nats",
        source=f"{_BURDA}; a rerun: 84.65",
        expected=84.78,
        tolerance=within(_ANOTHER_SCHEDULE),
        samples=5000,
    ),
)

# By the name of the score: what a person calls it, the median of the study, and how far from it one
# may lie. The medians are from memory, and the images are others.
_MEDIANS = {
    "mig": ("MIG", 0.10, 0.07),
    "factor_vae_score": ("FactorVAE score", 0.66, 0.12),
    "dci_disentanglement": ("DCI", 0.19, 0.10),
    "sap": ("SAP", 0.05, 0.04),
    "beta_vae_score": ("beta-VAE score", 0.82, 0.10),
}


def locatello_runs() -> list[tuple[str, ...]]:
    """The command lines of the study's beta-VAEs, over KL weights and seeds."""
    recipe = "experiment=locatello_beta_vae"
    return [(recipe, f"model.beta={beta}", f"seed={seed}") for beta in BETAS for seed in SEEDS]


def _likelihood(recipe: Recipe, directory: Path) -> Found:
    run = trained(directory, recipe.overrides)
    metrics = scores(run, [f"importance_samples={recipe.samples}"])
    recipe_file = f"conf/{recipe.overrides[0].replace('=', '/')}.yaml"
    return Found(
        metrics["nll"],
        standard_error=metrics["nll_standard_error"],
        note=f"{where_trained(run)}; {recipe_file} says what is not as published",
    )


def _is_trained(runs: Sequence[Sequence[str]], directory: Path) -> bool:
    return all(finished(directory, run) for run in runs)


@cache
def _of_the_study(directory: Path) -> list[dict[str, float]]:
    asked = ["importance_samples=1", "disentanglement=always"]
    return [scores(trained(directory, run), asked) for run in locatello_runs()]


def _study(directory: Path) -> Path:
    """All claims of the study are of the same runs."""
    return directory.parent / "locatello_beta_vae"


def _study_is_trained(directory: Path) -> bool:
    return _is_trained(locatello_runs(), _study(directory))


def _median(score: str, directory: Path) -> Found:
    found = [of_run[score] for of_run in _of_the_study(_study(directory))]
    return Found(median(found), note=f"{min(found):.3f} to {max(found):.3f} over {len(found)} runs")


CLAIMS = (
    *(
        Claim(
            name=recipe.name,
            family=FAMILY,
            claim=recipe.claim,
            source=recipe.source,
            expected=recipe.expected,
            tolerance=recipe.tolerance,
            measure=partial(_likelihood, recipe),
            full=True,
            ready=partial(_is_trained, [recipe.overrides]),
        )
        for recipe in RECIPES
    ),
    *(
        Claim(
            name=f"locatello_{score}",
            family=FAMILY,
            claim=f"beta-VAE on sprites_rendered, not dSprites, over beta and seeds: median {name}",
            source="Locatello et al. 2019, on dSprites; from memory, uncertain",
            expected=expected,
            tolerance=within(distance),
            measure=partial(_median, score),
            full=True,
            ready=_study_is_trained,
        )
        for score, (name, expected, distance) in _MEDIANS.items()
    ),
)
