"""The progress bar: epoch, batch, speed, and the terms of the loss."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar

from latentsweep.training.module import AutoencoderModule

# Drawing costs a training step more than a small model does.
_BATCHES_BETWEEN_DRAWINGS = 20


class TrainingProgress(RichProgressBar):
    """Lightning's rich bar with epochs counted from 1, the loss, and the last validation."""

    def __init__(self) -> None:
        super().__init__(refresh_rate=_BATCHES_BETWEEN_DRAWINGS, leave=False)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """What stands at the end of the bar: nats per image."""
        assert isinstance(pl_module, AutoencoderModule)
        shown: dict[str, Any] = {}
        if "loss" in pl_module.step_terms:
            shown["loss"] = f"{float(pl_module.step_terms['loss']):.1f}"
        for name in ("elbo", "reconstruction"):
            if name in pl_module.validation_metrics:
                shown[f"val/{name}"] = f"{pl_module.validation_metrics[name]:.1f}"
                break
        return shown

    def _get_train_description(self, current_epoch: int) -> str:
        return f"epoch {current_epoch + 1}/{self.trainer.max_epochs}"
