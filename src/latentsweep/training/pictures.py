"""Pictures of a run by epoch: reconstructions, prior samples, traversals, KL per latent."""

from typing import Any

import pytorch_lightning as pl
import torch

from latentsweep.config.model import BetaVAEConfig, VAEConfig, weights_of
from latentsweep.data.splits import Split
from latentsweep.figures.grids import prior_grid, reconstruction_grid, traversal_grid
from latentsweep.figures.kl_heatmap import kl_heatmap
from latentsweep.figures.overview import overview
from latentsweep.randomness import Stream
from latentsweep.tracking.recorder import Recorder
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.noise import noise

_IMAGES = 32
_SAMPLES = 64


class PictureRecording(pl.Callback):
    """Records pictures of the same validation images and the same prior draws, epoch by epoch.

    Args:
        recorder: where the pictures go.
        validation: the split whose first images are shown.
        every_n_epochs: epochs between pictures; 0: none. The last epoch always has them.
    """

    def __init__(self, recorder: Recorder, validation: Split, every_n_epochs: int) -> None:
        self._recorder = recorder
        self._every_n_epochs = every_n_epochs
        self._images = validation.images(torch.arange(min(_IMAGES, len(validation))))
        self._kl_by_epoch: list[list[float]] = []

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Draw the untrained model: the dashboard's step slider begins at 0."""
        assert isinstance(module, AutoencoderModule)
        more_follow = 0 < self._every_n_epochs < (trainer.max_epochs or 0)
        if more_follow and module.global_step == 0:
            module.eval()
            self._draw(module, list(range(module.model.latent_size)))
            module.train()

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Draw, when it is time."""
        assert isinstance(module, AutoencoderModule)
        if module.model.has_prior:
            self._kl_by_epoch.append(module.validation.kl_per_latent())
        epoch = trainer.current_epoch + 1
        last = epoch == trainer.max_epochs
        if self._every_n_epochs and (last or epoch % self._every_n_epochs == 0):
            importance = self._importance(module)
            self._draw(module, importance.argsort(descending=True, stable=True).tolist())
            if last:
                self._draw_overview(module, importance)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know."""
        return {"kl_by_epoch": self._kl_by_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what an earlier attempt knew."""
        self._kl_by_epoch = state_dict["kl_by_epoch"]

    @torch.no_grad()
    def _draw(self, module: AutoencoderModule, order: list[int]) -> None:
        """Record the pictures of now, traversals in the given order of latents."""
        model, step = module.model, module.global_step
        images = self._images.to(next(model.parameters()))
        self._recorder.image("reconstructions", reconstruction_grid(model, images), step)
        self._recorder.image("samples", prior_grid(model, _draws(module).to(images)), step)
        self._recorder.image("traversals", traversal_grid(model, images[0], order), step)
        if self._kl_by_epoch:
            epochs = list(range(1, len(self._kl_by_epoch) + 1))
            heatmap = kl_heatmap(torch.tensor(self._kl_by_epoch), epochs)
            self._recorder.figure("kl_per_latent.png", heatmap)

    @torch.no_grad()
    def _draw_overview(self, module: AutoencoderModule, importance: torch.Tensor) -> None:
        images = self._images.to(next(module.parameters()))
        draws = _draws(module).to(images)
        picture = overview(
            module.model,
            images,
            draws,
            importance,
            _title(module),
            has_prior=module.model.has_prior,
        )
        self._recorder.figure("overview.png", picture)

    def _importance(self, module: AutoencoderModule) -> torch.Tensor:
        """What latents are sorted by: their KL; without a prior the variance of their codes."""
        if self._kl_by_epoch:
            return torch.tensor(self._kl_by_epoch[-1])
        return torch.cat(module.validation.means).var(dim=0).cpu()


def _draws(module: AutoencoderModule) -> torch.Tensor:
    """Standard normal noise, the same in every picture of a run, (64, latent)."""
    return noise(module.config.seed, Stream.PICTURES, 0, _SAMPLES, module.model.latent_size)


def _title(module: AutoencoderModule) -> str:
    """A line that says which model the pictures are of."""
    config, epochs = module.config, module.config.trainer.max_epochs
    weights = weights_of(config.model)
    if isinstance(config.model, VAEConfig | BetaVAEConfig):
        weights = {"KL weight": weights.pop("beta")}
    weighed = "".join(f", {key.replace('_', ' ')} {value:g}" for key, value in weights.items())
    return (
        f"{config.model.name} on {config.data.name}: {config.model.latent_size} latents{weighed}, "
        f"{epochs} epoch{'s' if epochs > 1 else ''}"
    )
