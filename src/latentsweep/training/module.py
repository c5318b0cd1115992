"""The Lightning module around any of the models."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from latentsweep.config import TrainConfig
from latentsweep.config.checks import bends_the_mean
from latentsweep.config.trainer import Compile
from latentsweep.data.batches import Batch
from latentsweep.data.sending import sent
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import build_schedule
from latentsweep.models.terms import Terms
from latentsweep.models.whole_batch import WHOLE
from latentsweep.randomness import Stream, seed_of
from latentsweep.training.evaluation import SplitSums
from latentsweep.training.noise import noise
from latentsweep.training.numerics import PLAIN, Numerics
from latentsweep.training.ranks.ranks import ALONE, Ranks
from latentsweep.training.ranks.shared_batch import SharedBatch


class AutoencoderModule(pl.LightningModule):
    """Trains any of the models.

    Every number is a function of (config, data, step): weights of the seed, noise of (seed, step,
    position in the batch), KL weight of the step. Of several ranks each has its part of a batch;
    what is measured here is that of all of them together.

    Args:
        config: the run's config.
        shape: (channels, height, width) of an image.
        validation_images: size of the validation split.
        validation_factors: index of each factor's value for all images of the validation split,
            (images, factors); None where the data set knows none.
        numerics: how to compute, with nothing left open.
        ranks: which train together.
    """

    def __init__(
        self,
        config: TrainConfig,
        shape: tuple[int, int, int],
        validation_images: int,
        validation_factors: Tensor | None = None,
        *,
        numerics: Numerics = PLAIN,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(config.seed, Stream.WEIGHTS))
            self.model = build_model(config.model, config.network, config.likelihood, shape)
        numerics.lay_out(self.model)
        self._channels_last = numerics.channels_last
        # A fused step takes the loss's scale off by itself, which clipping needs to be off before.
        clips = config.trainer.gradient_clip_val is not None
        self._fused = not (clips and numerics.precision == "16-mixed")
        self._terms = _compiled(self.model.terms, config.trainer.compile)
        self.schedule = build_schedule(config.kl_schedule)
        shared = not ranks.alone and bends_the_mean(config)
        self._whole = SharedBatch(ranks) if shared else WHOLE
        self._ranks = ranks
        names = ("loss", "reconstruction", "kl", "elbo")
        self.term_names = names if self.model.has_prior else names[:2]
        self._parts: list[Tensor] = []
        self._measured: Callable[[], Tensor] = lambda: torch.full((len(names),), torch.nan)
        self._validation_factors = validation_factors
        self.validation = SplitSums(validation_factors)
        self.validation_metrics: dict[str, float] = {}
        self._validation_noise = noise(
            config.seed, Stream.EVAL_NOISE, 0, validation_images, self.model.noise_size
        )

    def forward(self) -> Tensor:
        """The loss of one black image: which way gradients go, not where they lead."""
        like = next(self.parameters())
        images = like.new_zeros((1, *self.model.shape))
        noise = like.new_zeros((1, self.model.noise_size))
        loss: Tensor = self.model(images, noise, self.schedule(0))
        return loss

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; Lightning sets its own forty times a step, which is to be quick."""
        if name == "_current_fx_name":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The loss of a batch or a part of it, nats per image; its terms are kept."""
        drawn = noise(
            self.config.seed,
            Stream.TRAIN_NOISE,
            self.global_step,
            self.config.batch_size,
            self.model.noise_size,
        )
        terms = self._terms(batch.images, self._rows(batch, drawn))
        loss: Tensor = self.model.loss(terms, self.schedule(self.global_step), self._whole)
        reconstruction = -terms.log_likelihood.detach().mean()
        measured = [loss.detach(), reconstruction]
        if self.model.has_prior:
            kl = terms.kl.detach().sum(dim=1).mean()
            measured += [kl, -reconstruction - kl]
        self._parts.append(torch.stack(measured))
        if batch.ends_step:
            parts = self._parts
            whole = parts[0] if len(parts) == 1 else torch.stack(parts).mean(dim=0)
            # Under way while gradients are computed.
            self._measured = self._ranks.mean(whole)
            self._parts = []
        return loss

    @property
    def measured(self) -> Tensor:
        """The loss of the last batch and its terms by `term_names`, nats per image: (terms,)."""
        return self._measured()

    def on_validation_epoch_start(self) -> None:
        """Start counting the validation split."""
        self.validation = SplitSums(self._validation_factors)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Count one batch; its noise is that of its images' positions in the split.

        It is never in less than float32, whatever precision the training step has.
        """
        rows = self._rows(batch, self._validation_noise)
        with torch.autocast(self.device.type, enabled=False):
            posterior = self.model.posterior(batch.images)
            terms = self.model.terms_of(posterior, batch.images, rows)
        self.validation.add(terms, posterior.mean)

    def on_validation_epoch_end(self) -> None:
        """Make the metrics of the validation split, nats per image."""
        pressure = self.schedule(self.global_step)
        self.validation = whole = self.validation.of_all(self._ranks)
        self.validation_metrics = self._ranks.from_leader(
            lambda: whole.metrics(self.model, pressure, self.config.batch_size)
        )

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam over all parameters, some of them with settings of their own."""
        settings = self.config.optimizer
        return torch.optim.Adam(
            self.model.parameter_groups(),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            weight_decay=settings.weight_decay,
            fused=self._fused,  # about half the time of the unfused one on a CPU
        )

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip each group's gradient by its norm, so that a discriminator clips nothing but itself.

        Lightning's own refuses that for fused optimisers.
        """
        del gradient_clip_algorithm
        if gradient_clip_val is not None:
            for group in optimizer.param_groups:
                torch.nn.utils.clip_grad_norm_(group["params"], gradient_clip_val)

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        """Move the images; a batch of a set that lies on the device is there already."""
        del dataloader_idx
        images = sent(batch.images, device)
        if self._channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        return batch._replace(images=images)

    def _rows(self, batch: Batch, drawn: Tensor) -> Tensor:
        """The noise of this batch's images, of the global batch's or the whole split's."""
        rows = drawn[batch.start : batch.start + len(batch.images)]
        return sent(rows, batch.images.device).to(batch.images.dtype)


def _compiled(terms: Callable[[Tensor, Tensor], Terms], mode: Compile) -> Callable[..., Terms]:
    """A model's terms as `trainer.compile` wants them."""
    if mode == "off":
        return terms
    made: Callable[..., Terms] = torch.compile(terms, mode=mode, fullgraph=True)
    return made
