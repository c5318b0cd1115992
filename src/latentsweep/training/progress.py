"""The progress bar: epoch, batch, speed, and the terms of the loss."""

import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar
from pytorch_lightning.callbacks.progress.rich_progress import ProcessingSpeedColumn

from latentsweep.training.module import AutoencoderModule

# Measured beside steps of 4 ms: moving the bar on at each took a twentieth of them, and drawing it
# twenty times a second an eighth.
_DRAWINGS_PER_SECOND = 2


class TrainingProgress(RichProgressBar):
    """Lightning's rich bar: epochs from 1, the last validation or, before one, the loss."""

    def __init__(self) -> None:
        # On the terminal and not among what is printed, as progress is.
        console = {"stderr": True}
        super().__init__(refresh_rate=_DRAWINGS_PER_SECOND, leave=False, console_kwargs=console)
        self._moved_at = 0.0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Move the bar on when it is time to, and after the last batch."""
        now = time.monotonic()
        if now - self._moved_at < 1 / _DRAWINGS_PER_SECOND and not trainer.is_last_batch:
            return
        self._moved_at = now
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """What stands at the end of the bar: nats per image."""
        assert isinstance(pl_module, AutoencoderModule)
        for name in ("elbo", "reconstruction"):
            if name in pl_module.validation_metrics:
                return {f"val/{name}": f"{pl_module.validation_metrics[name]:.1f}"}
        return {"loss": f"{float(pl_module.measured[0]):.1f}"}

    def configure_columns(self, trainer: pl.Trainer) -> list[Any]:
        """Without the speed, which the two times say: the bar fits into 80 columns."""
        columns = super().configure_columns(trainer)
        return [column for column in columns if not isinstance(column, ProcessingSpeedColumn)]

    def _get_train_description(self, current_epoch: int) -> str:
        return f"epoch {current_epoch + 1}/{self.trainer.max_epochs}"
