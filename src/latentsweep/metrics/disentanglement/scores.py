"""All scores of codes against known factors, under the names they are recorded by."""

from importlib.metadata import version

from torch import Tensor

from latentsweep.metrics.disentanglement.beta_vae_score import beta_vae_score
from latentsweep.metrics.disentanglement.dci import dci
from latentsweep.metrics.disentanglement.explicitness import explicitness
from latentsweep.metrics.disentanglement.factor_vae_score import factor_vae_score
from latentsweep.metrics.disentanglement.modularity import modularity
from latentsweep.metrics.disentanglement.separated_attribute_predictability import (
    separated_attribute_predictability,
)
from latentsweep.metrics.mutual_information_gap import mutual_information_gap


def disentanglement_scores(
    codes: Tensor, factors: Tensor, seed: int = 0, active: Tensor | None = None
) -> dict[str, float]:
    """Every score, each in [0, 1] and greater for the better.

    The same arguments give the same numbers to the bit. The order, signs and scales of latents and
    the order of factors change none of them, `mig` to rounding: it is that of `val/mig`, computed
    of the codes as they are.

    Args:
        codes: posterior means, (n, latent); 15,000 or more for the published protocols.
        factors: whole numbers, the index of each factor's value, (n, factor).
        seed: of all draws.
        active: which latents may vote in the FactorVAE score, bool (latent,): `uncollapsed(codes)`
            for the published protocol. Default: all that vary.

    Returns:
        `mig`, `dci_disentanglement`, `dci_completeness`, `dci_informativeness`, `sap`,
        `beta_vae_score`, `factor_vae_score`, `modularity`, `explicitness`.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, fewer than two factors vary, or there are too few points.
    """
    # First, for it refuses the points that any of the others refuses; MIG takes all.
    trees = dci(codes, factors, seed)
    return {
        "mig": mutual_information_gap(codes, factors),
        "dci_disentanglement": trees.disentanglement,
        "dci_completeness": trees.completeness,
        "dci_informativeness": trees.informativeness,
        "sap": separated_attribute_predictability(codes, factors, seed),
        "beta_vae_score": beta_vae_score(codes, factors, seed),
        "factor_vae_score": factor_vae_score(codes, factors, seed, active),
        "modularity": modularity(codes, factors, seed),
        "explicitness": explicitness(codes, factors, seed),
    }


def score_versions() -> dict[str, str]:
    """The libraries that the scores depend on, by the names they are installed by.

    Scores of another scikit-learn differ (disentanglement_lib, issue 33): a report of scores is to
    tell these.
    """
    return {"scikit-learn": version("scikit-learn")}
