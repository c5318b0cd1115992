"""Stops training at the first loss that is no number, with the state that led to it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from latentsweep.errors import NonFiniteLossError
from latentsweep.training.checkpoint_file import NONFINITE
from latentsweep.training.module import AutoencoderModule


class NonFiniteGuard(pl.Callback):
    """Looks at each step's terms on the device, and fetches the verdict as often as is cheap.

    On a CPU that is every step; elsewhere every few steps, since fetching stalls the device. The
    step that is named is the first bad one all the same.

    Args:
        directory: where the state is saved.
        every_n_steps: optimiser steps between two fetched verdicts.
        fetch_each_step: whether fetching costs nothing, as on a CPU.
    """

    def __init__(self, directory: Path, every_n_steps: int, *, fetch_each_step: bool) -> None:
        self._fetch_each_step = fetch_each_step
        self._directory = directory
        self._every_n_steps = every_n_steps
        self._first_bad: Tensor | None = None
        self._stopped = False

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Note the step if a term is not finite, and stop if one was.

        Raises:
            NonFiniteLossError: a term was NaN or infinite.
        """
        assert isinstance(module, AutoencoderModule)
        finite = module.measured.isfinite()
        if self._fetch_each_step:
            if not bool(finite.all()):
                bad = [*zip(module.term_names, (~finite).tolist(), strict=True)]
                raise self._error(
                    module.global_step, "training", [n for n, is_bad in bad if is_bad]
                )
            return
        # Made by the device itself: a number that is sent to it would stall it.
        step = torch.full((1,), module.global_step, dtype=torch.int64, device=finite.device)
        bad_here = torch.cat([step, (~finite).long()])
        if self._first_bad is None:
            self._first_bad = -torch.ones_like(bad_here)
        is_first = ~finite.all() & (self._first_bad[0] < 0)
        self._first_bad = torch.where(is_first, bad_here, self._first_bad)
        if module.global_step % self._every_n_steps == 0:
            self._stop_if_bad(module.term_names)

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Stop if the weights that the last steps made give no numbers.

        Raises:
            NonFiniteLossError: a metric of the validation split is NaN or infinite.
        """
        assert isinstance(module, AutoencoderModule)
        self._stop_if_bad(module.term_names)
        bad = [name for name, x in module.validation_metrics.items() if not math.isfinite(x)]
        if bad:
            raise self._error(module.global_step, "validation", bad)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep a state that a bad step made from replacing a good one.

        Raises:
            NonFiniteLossError: a term was NaN or infinite.
        """
        assert isinstance(module, AutoencoderModule)
        if self._stopped:
            return
        try:
            self._stop_if_bad(module.term_names)
        except NonFiniteLossError as error:
            error.common = False  # of several ranks rank 0 alone saves
            raise

    def on_exception(
        self, trainer: pl.Trainer, module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Save the state beside the checkpoints, which it does not replace."""
        if isinstance(exception, NonFiniteLossError):
            trainer.save_checkpoint(self._directory / NONFINITE)

    def _stop_if_bad(self, names: Sequence[str]) -> None:
        if self._first_bad is None:
            return
        step, *flags = self._first_bad.tolist()
        if step < 0:
            return
        bad = [name for name, flag in zip(names, flags, strict=True) if flag]
        raise self._error(int(step), "training", bad)

    def _error(self, step: int, where: str, bad: list[str]) -> NonFiniteLossError:
        self._stopped = True
        # The loss is made of the others, and says nothing unless it alone is bad.
        terms = [name for name in bad if name != "loss"] or ["weighted loss"]
        return NonFiniteLossError(
            f"the loss is no finite number at step {step}",
            found=f"NaN or infinity in {where}, in the {' and the '.join(terms)} term",
            expected="finite nats per image",
            mend="a smaller optimizer.learning_rate, or look at the data; the state is in "
            f"{self._directory / NONFINITE}",
        )
