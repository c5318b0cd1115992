"""The Lightning trainer of a run: no logger, no launcher and no signals of its own."""

import logging
import warnings
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.profilers import PassThroughProfiler

from latentsweep.config.trainer import TrainerConfig
from latentsweep.training.checkpoints import AtomicCheckpointIO
from latentsweep.training.numerics import LightningPrecision
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.ranks.strategy import RanksEnvironment, RanksStrategy


def build_trainer(
    config: TrainerConfig,
    device: torch.device,
    callbacks: list[pl.Callback],
    ranks: Ranks,
    precision: LightningPrecision,
) -> pl.Trainer:
    """A trainer that speaks to nobody but `callbacks`, and to other ranks in DDP."""
    _silence_lightning()
    # Filling new memory with NaN, to tell whoever reads it too early, takes time at each step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Named, since Lightning would take a login shell on a cluster for a rank.
    environment = LightningEnvironment() if ranks.alone else RanksEnvironment(ranks)
    trainer = pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1 if device.index is None else [device.index],
        strategy="auto" if ranks.alone else RanksStrategy(device),
        max_epochs=config.max_epochs,
        max_steps=config.max_steps or -1,
        precision=precision,
        accumulate_grad_batches=config.accumulate_grad_batches,
        gradient_clip_val=config.gradient_clip_val,
        deterministic=config.deterministic,
        callbacks=callbacks,
        plugins=[environment, AtomicCheckpointIO()],
        logger=False,
        profiler=_NoProfiler(),
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=config.progress_bar and ranks.leads,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    # Its handler of SIGTERM ends a fit with exit code 0, and talks to other ranks from wherever the
    # program is, which can hang; its loop asks them at each step, which `Checkpoints` does.
    trainer._signal_connector.register_signal_handlers = _pass  # type: ignore[method-assign]
    trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _pass  # type: ignore[method-assign]
    # Looked up in the signature of `training_step` at each step otherwise.
    trainer.fit_loop.epoch_loop._build_kwargs = _arguments  # type: ignore[assignment,method-assign]
    return trainer


class _NoProfiler(PassThroughProfiler):
    """Measures nothing, at once: a step asks for it forty times."""

    def profile(self, _: str) -> AbstractContextManager[None]:  # type: ignore[override]
        """Nothing."""
        return _NOTHING


_NOTHING: AbstractContextManager[None] = nullcontext()


def _arguments(_: object, batch: object, batch_idx: int) -> OrderedDict[str, object]:
    """What `training_step` is given."""
    return OrderedDict(batch=batch, batch_idx=batch_idx)


def _pass() -> None:
    """Do nothing."""


def _silence_lightning() -> None:
    """Its hints and device lists speak of settings that are none of this project's."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    warnings.filterwarnings("ignore", message="The `srun` command is available")
