"""What training tells the recorder: metrics by step, by epoch and of the validation split."""

import time
from typing import Any

import pytorch_lightning as pl
import torch

from latentsweep.data.batches import Batch
from latentsweep.models.vae import VAE
from latentsweep.tracking.recorder import Recorder
from latentsweep.training.module import AutoencoderModule


class MetricsRecording(pl.Callback):
    """Records `train/*` every few steps, `train/*_epoch` and `val/*` every epoch.

    Sums stay on the device; a number is fetched from it only when it is recorded.

    Args:
        recorder: where the metrics go.
        every_n_steps: optimiser steps between two records of `train/*`.
    """

    def __init__(self, recorder: Recorder, every_n_steps: int) -> None:
        self._recorder = recorder
        self._every_n_steps = every_n_steps
        self.validation: dict[str, float] = {}
        self._names: list[str] = []
        self._sums = torch.zeros(0, dtype=torch.float64)
        self._steps = 0
        self._seconds_before = 0.0
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time in training, over all attempts whose work is in the weights."""
        return self._seconds_before + time.monotonic() - self._started

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, _: object, batch: Batch, *__: object
    ) -> None:
        """Count a step and, when it is time, record it."""
        assert isinstance(module, AutoencoderModule)
        if not batch.ends_step:
            return
        self._names = list(module.term_names)
        values = module.measured.double()
        self._sums = values if self._steps == 0 else self._sums.to(values.device) + values
        self._steps += 1
        step = module.global_step
        if step % self._every_n_steps == 0 or step == 1:
            named = zip(self._names, values.tolist(), strict=True)
            latest = {f"train/{name}": value for name, value in named}
            if isinstance(module.model, VAE):
                pressure = module.schedule(step - 1)
                latest["train/kl_weight"] = pressure.weight * module.model.beta
            self._record(trainer, latest, step)

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Record the validation split."""
        assert isinstance(module, AutoencoderModule)
        self.validation = module.validation_metrics
        values = {f"val/{name}": value for name, value in self.validation.items()}
        self._record(trainer, values, module.global_step)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Record the epoch's means; one that was cut short by `max_steps` has none."""
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return
        means = (self._sums / self._steps).tolist()
        named = {f"train/{k}_epoch": v for k, v in zip(self._names, means, strict=True)}
        self._record(trainer, named, module.global_step)
        self._steps = 0

    def on_save_checkpoint(
        self, trainer: pl.Trainer, module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Make the record durable first: what comes before a checkpoint is never trained again."""
        self._recorder.flush()

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know to record the same numbers."""
        return {
            "names": self._names,
            "sums": self._sums.tolist(),
            "steps": self._steps,
            "seconds": self.seconds,
            "validation": self.validation,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what an earlier attempt knew."""
        self._names = state_dict["names"]
        self._sums = torch.tensor(state_dict["sums"], dtype=torch.float64)
        self._steps = state_dict["steps"]
        self._seconds_before = state_dict["seconds"]
        self.validation = state_dict["validation"]

    def _record(self, trainer: pl.Trainer, values: dict[str, float], step: int) -> None:
        self._recorder.metrics({**values, "epoch": float(trainer.current_epoch)}, step)
