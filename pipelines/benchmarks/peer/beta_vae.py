"""A beta-VAE as an ordinary Lightning module."""

import pytorch_lightning as pl
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class BetaVAE(pl.LightningModule):
    """One hidden layer each way, Bernoulli likelihood.

    Args:
        latent_size: number of latent units.
        beta: KL weight of the loss; the ELBO that is logged has weight 1.
        hidden_size: units of the hidden layers.
        learning_rate: Adam's.
        pixels: numbers in one image.
    """

    def __init__(
        self,
        latent_size: int,
        beta: float,
        hidden_size: int,
        learning_rate: float,
        pixels: int = 784,
    ) -> None:
        super().__init__()
        self.beta = beta
        self.learning_rate = learning_rate
        self.encoder = nn.Sequential(
            nn.Linear(pixels, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 2 * latent_size)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, pixels)
        )

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction and KL of images (batch, pixels), nats per image, batch means."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.decoder(z)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum() / len(x)
        return reconstruction, kl

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        """The loss of one batch."""
        reconstruction, kl = self.terms(batch[0])
        return reconstruction + self.beta * kl

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        """Log the ELBO at weight 1; Lightning averages it over the images."""
        reconstruction, kl = self.terms(batch[0])
        self.log("val_elbo", -reconstruction - kl, batch_size=len(batch[0]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam over all parameters."""
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)
