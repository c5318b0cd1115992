"""Checkpoints that a kill cannot tear, each with the config that it belongs to."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from latentsweep.config import TrainConfig
from latentsweep.config.digest import resolved
from latentsweep.data.batches import Batch
from latentsweep.errors import StorageError
from latentsweep.tracking.files import UNFINISHED
from latentsweep.training.checkpoint_file import BELONGS_TO, BEST, LAST
from latentsweep.training.interruption import Interruption
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.numerics import Numerics
from latentsweep.training.ranks.ranks import ALONE, Ranks


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the old file, syncs, then renames: a reader finds the old or the new, whole."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            StorageError: it could not be written; the file that was there before still is.
        """
        del storage_options
        target = Path(path)
        written = target.with_name(f".{target.name}{UNFINISHED}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with written.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            written.replace(target)
            _sync_directory(target.parent)
        except (OSError, RuntimeError) as error:
            # PyTorch's zip writer hides the reason of a write that was cut short.
            reason = error.strerror if isinstance(error, OSError) else "the write was cut short"
            written.unlink(missing_ok=True)
            free = shutil.disk_usage(target.parent).free / 1e6
            raise StorageError(
                f"cannot write the checkpoint {target}",
                found=f"{reason}, with {free:.1f} MB free before it",
                expected="room on the disk and permission to write",
                mend="free some space and give the same command again: it goes on from the last "
                "checkpoint that was written whole",
            ) from error


class Checkpoints(pl.Callback):
    """Saves the last state by steps, by minutes and by epoch, and the best one by validation.

    Of several ranks rank 0 saves, and others do not wait for it: all have the same state.

    Args:
        directory: where the files go.
        config: the run's config, stored in each file.
        data_digest: digest of the run's data, stored in each file.
        interruption: asked after each step; when it was requested, the state is saved first.
        numerics: how the run computes, stored in each file.
        ranks: which train together; all leave at the same step.
    """

    def __init__(
        self,
        directory: Path,
        config: TrainConfig,
        data_digest: str,
        interruption: Interruption,
        numerics: Numerics,
        ranks: Ranks = ALONE,
    ) -> None:
        self.directory = directory
        self.best_score = float("-inf")
        self.best_step = 0
        self._belongs_to = {
            "config": resolved(config),
            "data_digest": data_digest,
            "numerics": numerics.values(),
        }
        self._mend = (
            "the same command goes on from there"
            if config.resume == "auto"
            else f"the same command with resume={directory.parent} goes on from there"
        )
        self._every_steps = config.trainer.checkpoint_every_n_steps
        self._max_steps = config.trainer.max_steps
        self._every_seconds = config.trainer.checkpoint_every_minutes * 60
        self._saved_at = time.monotonic()
        self._interruption = interruption
        self._ranks = ranks
        self._asked: Callable[[], int] = lambda: 0

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: Batch, _: int
    ) -> None:
        """Begin to ask the other ranks: the answer comes while the step is computed."""
        if batch.ends_step and not self._ranks.alone:
            self._asked = self._ranks.greatest(self._interruption.level)

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, _: object, batch: Batch, *__: object
    ) -> None:
        """Save when it is time, except after an epoch's last batch.

        A state saved there resumes one epoch too late; `on_train_epoch_end` saves that one.
        """
        if not batch.ends_step:
            return
        asked = self._interruption.level if self._ranks.alone else self._asked()
        if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return
        ends = module.global_step == self._max_steps
        if self._is_due(module.global_step) or asked or ends:
            self._save(trainer, LAST)
        self._interruption.stop(asked, self.directory / LAST, self._mend)

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Remember whether this is the best state so far; it is saved when the epoch has ended."""
        assert isinstance(module, AutoencoderModule)
        metrics = module.validation_metrics
        score = metrics.get("elbo", -metrics["reconstruction"])
        if score > self.best_score:
            self.best_score, self.best_step = score, trainer.global_step

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Save the state between two epochs, if this one was not cut short by `max_steps`."""
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return
        if self.best_step == module.global_step:
            self._save(trainer, BEST)
        self._save(trainer, LAST)
        asked = self._ranks.greatest(self._interruption.level)()
        self._interruption.stop(asked, self.directory / LAST, self._mend)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write down which config and data the state belongs to, and what computed it."""
        checkpoint[BELONGS_TO] = {
            **self._belongs_to,
            "threads": torch.get_num_threads(),
            "device": module.device.type,
            "ranks": self._ranks.size,
        }

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know."""
        return {"best_score": self.best_score, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what an earlier attempt knew."""
        self.best_score = state_dict["best_score"]
        self.best_step = state_dict["best_step"]

    def _is_due(self, step: int) -> bool:
        by_steps = self._every_steps > 0 and step % self._every_steps == 0
        waited = time.monotonic() - self._saved_at
        return by_steps or (self._every_seconds > 0 and waited >= self._every_seconds)

    def _save(self, trainer: pl.Trainer, name: str) -> None:
        if self._ranks.leads:
            trainer.save_checkpoint(self.directory / name)
        self._saved_at = time.monotonic()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
