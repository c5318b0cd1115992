"""Tells the supervisor of each validation, and ends training when it says so."""

from typing import Any

import pytorch_lightning as pl

from latentsweep.training.module import AutoencoderModule
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.supervisor import Supervisor


class Supervision(pl.Callback):
    """Ends a fit at the end of an epoch, with its state saved, when the supervisor wants it.

    Args:
        supervisor: is told of each validation; rank 0's decides for all.
        ranks: which train together.
    """

    def __init__(self, supervisor: Supervisor, ranks: Ranks) -> None:
        self._supervisor = supervisor
        self._ranks = ranks
        self.stopped = False

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Train no further where an earlier attempt was told to stop."""
        trainer.should_stop = self.stopped

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Report the validation; its epoch still ends as always."""
        assert isinstance(module, AutoencoderModule)
        epoch = trainer.current_epoch + 1
        last = epoch == trainer.max_epochs
        metrics = module.validation_metrics
        stop = self._ranks.from_leader(lambda: self._supervisor.validated(epoch, metrics))
        if stop and not last:
            self.stopped = True
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know."""
        return {"stopped": self.stopped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what an earlier attempt knew."""
        self.stopped = state_dict["stopped"]
