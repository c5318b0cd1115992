"""How far the latents of models that differ in their seed agree, where no factors are known."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from torch import Tensor

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.canonical import Floats, canonical_codes
from latentsweep.metrics.disentanglement.one_thread import in_one_thread

# Nats; of disentanglement_lib, which Duan et al. wrote theirs for.
_INFORMATIVE = 0.01
_LASSO_ALPHA = 0.1


@in_one_thread
def unsupervised_disentanglement_ranking(
    codes: Sequence[Tensor],
    kl: Sequence[Tensor],
    similarity: Literal["spearman", "lasso"] = "spearman",
) -> list[float]:
    """UDR (Duan et al. 2020, section 4): the median agreement of each model with the others.

    Two models agree if each informative latent of the one resembles one of the other, and no more:
    the square of its greatest similarity by the sum of all, the mean over each model's informative
    latents, then of the two models, as in disentanglement_lib (the paper has one mean over the
    latents of both, which differs if their numbers do). Informative is a latent with a KL of more
    than 0.01 nats.

    Args:
        codes: posterior means of the same points in the same order, (n, latent) a model; models
            may differ in their number of latents.
        kl: mean KL of each latent, nats per image, (latent,) a model.
        similarity: the absolute rank correlation (`spearman`), or the absolute weights of Lasso
            regression (alpha 0.1) from the other model's standardised codes (`lasso`).

    Returns:
        A score a model: 0 is no agreement, 1 is that every latent has its one counterpart. A model
        without informative latents agrees with none.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: there are fewer than two models, or a code is not finite.
    """
    if len(codes) < 2:
        raise MetricError(
            "agreement between models needs two of them at least",
            found=str(len(codes)),
            mend="train the same settings with another seed",
        )
    if len(kl) != len(codes) or len({len(of_model) for of_model in codes}) > 1:
        raise ValueError("expected one KL a model, and codes of the same points")
    models = [_informative(*of_model) for of_model in zip(codes, kl, strict=True)]
    compare: Callable[[Floats, Floats], Floats]
    if similarity == "spearman":
        models, compare = [_ranks(model) for model in models], _correlations
    else:
        compare = _lasso_weights
    return [
        float(np.median([_agreement(compare(y, x)) for j, y in enumerate(models) if j != i]))
        for i, x in enumerate(models)
    ]


def _informative(codes: Tensor, kl: Tensor) -> Floats:
    """The canonical codes of the informative latents, (n, informative)."""
    if kl.shape != codes.shape[1:]:
        raise ValueError(f"kl: expected {tuple(codes.shape[1:])}, found {tuple(kl.shape)}")
    canonical, order = canonical_codes(codes)
    kept: Floats = canonical[:, kl.detach().cpu().numpy()[order] > _INFORMATIVE]
    return kept


def _ranks(codes: Floats) -> Floats:
    """Ranks within each latent, ties by their mean, of norm 1 or 0 over the points."""
    from scipy.stats import rankdata

    ranks = rankdata(codes, axis=0)
    ranks -= ranks.mean(axis=0)
    norms = np.linalg.norm(ranks, axis=0)
    unit: Floats = np.divide(ranks, norms, out=np.zeros_like(ranks), where=norms > 0)
    return unit


def _correlations(x: Floats, y: Floats) -> Floats:
    similarity: Floats = np.abs(x.T @ y)
    return similarity


def _lasso_weights(x: Floats, y: Floats) -> Floats:
    """Absolute weights of the latents of `x` in the prediction of those of `y`."""
    from sklearn.linear_model import Lasso

    if not x.shape[1] or not y.shape[1]:
        return np.zeros((x.shape[1], y.shape[1]))
    weights = Lasso(alpha=_LASSO_ALPHA).fit(x, y).coef_
    return np.abs(np.reshape(weights, (y.shape[1], x.shape[1]))).T


def _agreement(similarity: Floats) -> float:
    """The relative strength of two models' similarity, (latents of x, latents of y)."""
    if not similarity.size:
        return 0.0
    return float(np.mean([_strength(similarity), _strength(similarity.T)]))


def _strength(similarity: Floats) -> float:
    """Mean over the rows of the square of the greatest entry by the sum."""
    best, sums = similarity.max(axis=1), similarity.sum(axis=1)
    return float(np.mean(np.divide(best**2, sums, out=np.zeros_like(sums), where=sums > 0)))
