"""The Lightning trainer of a run: one process, no logger, no launcher of its own."""

import logging
import warnings

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from latentsweep.config.trainer import TrainerConfig
from latentsweep.training.checkpoints import AtomicCheckpointIO


def build_trainer(
    config: TrainerConfig, device: torch.device, callbacks: list[pl.Callback]
) -> pl.Trainer:
    """A trainer that speaks to nobody but `callbacks`."""
    _silence_lightning()
    return pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1,
        max_epochs=config.max_epochs,
        precision=config.precision,
        deterministic=config.deterministic,
        callbacks=callbacks,
        # Named, since Lightning would take a login shell on a cluster for a rank.
        plugins=[LightningEnvironment(), AtomicCheckpointIO()],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=config.progress_bar,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _silence_lightning() -> None:
    """Its hints and device lists speak of settings that are none of this project's."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    warnings.filterwarnings("ignore", message="The `srun` command is available")
