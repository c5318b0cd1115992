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
        return SplitSums(
            self.factors,
            images=sum(ranks.of_all(self.images)),
            reconstruction=ranks.total(self.reconstruction),
            kl=ranks.total(self.kl),
            means=[ranks.rows(torch.cat(self.means))],
            terms=[Terms.joined(self.terms).map(ranks.rows)],
        )

    def kl_per_latent(self) -> list[float]:
        """Mean KL of each latent, nats per image, (latent,)."""
        return [float(value) for value in self.kl / self.images]

    def metrics(self, model: AE, pressure: Pressure, batch_size: int) -> dict[str, float]:
        """The split's metrics in nats per image; the ELBO at weight 1, the loss at its weight.

        `active_units` is a number of latents, `mig` a share.

        Args:
            model: of whose terms these are the sums.
            pressure: at which the loss is taken.
            batch_size: images of the batches that a loss is taken of which couples them.
        """
        reconstruction = float(self.reconstruction / self.images)
        loss = self._loss(model, pressure, batch_size)
        metrics = {"loss": loss, "reconstruction": reconstruction}
        if model.has_prior:
            kl = float((self.kl / self.images).sum())
            metrics["kl"] = kl
            metrics["elbo"] = -reconstruction - kl
            metrics["active_units"] = float(active_units(torch.cat(self.means)))
        if self.factors is not None:
            metrics["mig"] = mutual_information_gap(torch.cat(self.means), self.factors)
        return metrics

    @torch.no_grad()
    def _loss(self, model: AE, pressure: Pressure, batch_size: int) -> float:
        """The loss of all images; where it couples them, the mean over those of training's batches.

        Such a loss takes time and memory for each pair of images, and its value depends on how many
        there are. The batches are consecutive in the split, and count as they have images.
        """
        whole = Terms.joined(self.terms)
        if not model.couples_images:
            return float(model.loss(whole, pressure))
        device = next(model.parameters()).device
        total = 0.0
        for start in range(0, self.images, batch_size):
            batch = whole.rows(slice(start, start + batch_size)).map(lambda field: field.to(device))
            with torch.autocast(device.type, enabled=False):
                total += float(model.loss(batch, pressure)) * len(batch.kl)
        return total / self.images
