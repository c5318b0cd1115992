"""The FactorVAE (Kim & Mnih 2018)."""

from typing import Any, Unpack

from torch import Tensor
from torch.nn import functional

from latentsweep.config.model import FactorVAEConfig
from latentsweep.models.ae import Parts
from latentsweep.models.coupled_vae import CoupledVAE
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.networks.discriminator import Discriminator
from latentsweep.models.prior import StandardNormal
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WHOLE, WholeBatch

_BETAS = (0.5, 0.9)  # of the discriminator's Adam, as the paper has it


class FactorVAE(CoupledVAE):
    """A VAE whose total correlation is told by a discriminator, and pressed on.

    The discriminator tells codes from codes whose latents were shuffled among the images, each by
    itself (algorithm 2); both are of the same batch and trained in the same step, as in
    disentanglement_lib.

    Args:
        gamma: weight of the total correlation.
        discriminator: of codes (batch, latent).
        discriminator_learning_rate: of its own Adam.
        prior: p(z).
        parts: encoder (batch, ...) -> (batch, 2 * latent), decoder, likelihood, sizes.
    """

    def __init__(
        self,
        *,
        gamma: float,
        discriminator: Discriminator,
        discriminator_learning_rate: float,
        prior: StandardNormal,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(prior=prior, **parts)
        self.gamma = gamma
        self.discriminator = discriminator
        self.discriminator_learning_rate = discriminator_learning_rate

    @property
    def noise_size(self) -> int:
        """For the posterior's sample and for the shuffling of each latent."""
        return 2 * self.latent_size

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The VAE's, and the discriminator's with its own settings."""
        theirs = list(self.discriminator.parameters())
        known = {id(parameter) for parameter in theirs}
        own = [parameter for parameter in self.parameters() if id(parameter) not in known]
        settings = {"lr": self.discriminator_learning_rate, "betas": _BETAS, "weight_decay": 0.0}
        return [{"params": own}, {"params": theirs, **settings}]

    def penalty(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """Gamma times the log ratio of q(z) and its shuffled self, as the discriminator tells it.

        It trains the VAE, not the discriminator.
        """
        log_ratio: Tensor = self.discriminator(given(terms.z), frozen=True)
        return self.gamma * log_ratio.mean()

    def loss(self, terms: Terms, pressure: Pressure, whole: WholeBatch = WHOLE) -> Tensor:
        """The VAE's loss, with the discriminator's gradient beside its own.

        The discriminator's cross-entropy adds no value to it, so that the loss compares between
        steps and runs, and no gradient to the VAE.
        """
        told = self.discrimination(terms, whole)
        return super().loss(terms, pressure, whole) + (told - told.detach())

    def discrimination(self, terms: Terms, whole: WholeBatch) -> Tensor:
        """The discriminator's mean cross-entropy, which trains it alone: a scalar, nats a code."""
        codes = given(terms.z).detach()
        all_shuffled = shuffled(whole.rows(codes), whole.rows(given(terms.draws)))
        real: Tensor = self.discriminator(codes)
        fake: Tensor = self.discriminator(whole.own(all_shuffled))
        return 0.5 * (functional.softplus(-real).mean() + functional.softplus(fake).mean())


def shuffled(codes: Tensor, draws: Tensor) -> Tensor:
    """Each latent's column in the order of its own random numbers; both (batch, latent)."""
    return codes.gather(0, draws.argsort(dim=0))


def build(config: FactorVAEConfig, parts: Parts) -> FactorVAE:
    """The model of `conf/model/factor_vae.yaml`."""
    return FactorVAE(
        gamma=config.gamma,
        discriminator=Discriminator(parts["latent_size"]),
        discriminator_learning_rate=config.discriminator_learning_rate,
        prior=StandardNormal(),
        **parts,
    )
