"""Sums over a split, from which its metrics are made: exact whatever the batch size."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from latentsweep.metrics.active_units import active_units
from latentsweep.metrics.mutual_information_gap import mutual_information_gap
from latentsweep.models.ae import AE
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import Terms
from latentsweep.training.ranks.ranks import Ranks


@dataclass
class SplitSums:
    """Running sums over the images of one split.

    Attributes:
        factors: index of each factor's value for all images of the split, (images, factors); None
            where the data set knows none.
    """

    factors: Tensor | None = None
    images: int = 0
    reconstruction: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    kl: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    means: list[Tensor] = field(default_factory=list)
    terms: list[Terms] = field(default_factory=list)

    def add(self, terms: Terms, means: Tensor) -> None:
        """Count one batch.

        Args:
            terms: of the batch's images.
            means: (batch, latent) posterior means.
        """
        self.images += len(means)
        distortion = -terms.log_likelihood.double().sum()
        self.reconstruction = self.reconstruction.to(distortion.device) + distortion
        self.kl = self.kl.to(distortion.device) + terms.kl.double().sum(dim=0)
        self.means.append(means)
        self.terms.append(terms)

    def of_all(self, ranks: Ranks) -> "SplitSums":
        """On rank 0 the sums over all ranks' images, in the order of ranks; elsewhere of no use."""
        if ranks.alone:
            return self
        likelihoods = torch.cat([terms.log_likelihood for terms in self.terms])
        kl = torch.cat([terms.kl for terms in self.terms])
        terms = Terms(ranks.rows(likelihoods), ranks.rows(kl))
        return SplitSums(
            self.factors,
            images=sum(ranks.of_all(self.images)),
            reconstruction=ranks.total(self.reconstruction),
            kl=ranks.total(self.kl),
            means=[ranks.rows(torch.cat(self.means))],
            terms=[terms],
        )

    def kl_per_latent(self) -> list[float]:
        """Mean KL of each latent, nats per image, (latent,)."""
        return [float(value) for value in self.kl / self.images]

    def metrics(self, model: AE, pressure: Pressure) -> dict[str, float]:
        """The split's metrics in nats per image; the ELBO at weight 1, the loss at its weight.

        `active_units` is a number of latents, `mig` a share.
        """
        reconstruction = float(self.reconstruction / self.images)
        whole = Terms(
            torch.cat([terms.log_likelihood for terms in self.terms]),
            torch.cat([terms.kl for terms in self.terms]),
        )
        metrics = {"loss": float(model.loss(whole, pressure)), "reconstruction": reconstruction}
        if model.has_prior:
            kl = float((self.kl / self.images).sum())
            metrics["kl"] = kl
            metrics["elbo"] = -reconstruction - kl
            metrics["active_units"] = float(active_units(torch.cat(self.means)))
        if self.factors is not None:
            metrics["mig"] = mutual_information_gap(torch.cat(self.means), self.factors)
        return metrics
