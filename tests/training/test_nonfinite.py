"""A loss that is no number stops the run, keeps the state, and says where."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import pytorch_lightning as pl
import torch

from latentsweep.errors import NonFiniteLossError
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Status
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.nonfinite import NonFiniteGuard
from latentsweep.training.run import train

from .conftest import Small


def test_nan_loss_stops_with_step_term_and_state(small: Small, tmp_path: Path) -> None:
    # A Gaussian likelihood with a tiny fixed variance and huge steps overflows within a few steps.
    config = small(
        "likelihood=gaussian",
        "likelihood.learn_variance=false",
        "likelihood.variance=1.0e-30",
        "optimizer.learning_rate=1.0e+30",
    )
    with pytest.raises(NonFiniteLossError, match=r"at step \d+(.|\n)*(reconstruction|kl)"):
        train(config, [])
    (run,) = [path for path in (tmp_path / "runs").iterdir() if path.is_dir()]
    state = torch.load(run / "checkpoints" / "nonfinite.ckpt", weights_only=True)
    assert state["state_dict"]
    statuses = [
        record.status
        for record, _ in read_journal(run / JOURNAL_NAME)
        if isinstance(record, Status)
    ]
    assert statuses == [RunStatus.RUNNING, RunStatus.FAILED]


def test_step_that_spoils_the_weights_is_found_by_validation(small: Small, tmp_path: Path) -> None:
    config = small(
        "likelihood=gaussian",
        "batch_size=1400",
        "trainer.max_epochs=1",
        "optimizer.learning_rate=1.0e+30",
    )
    with pytest.raises(NonFiniteLossError, match="in validation"):
        train(config, [])
    assert not list((tmp_path / "runs").glob("*/summary.json"))
    assert not list((tmp_path / "runs").glob("*/checkpoints/last.ckpt"))


@pytest.mark.parametrize("term", ["reconstruction", "kl"])
def test_guard_off_the_cpu_names_the_first_bad_step_and_term_and_saves_nothing_before(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    # As on a GPU, the verdict is fetched every fifth step only, and before each save.
    module = AutoencoderModule(small(), (1, 8, 8), 4)
    guard = NonFiniteGuard(tmp_path, every_n_steps=5, fetch_each_step=False)
    trainer, optimizer = cast(pl.Trainer, None), cast(torch.optim.Optimizer, None)

    def step(number: int, bad: bool) -> None:
        monkeypatch.setattr(module, "_trainer", SimpleNamespace(global_step=number))
        values = torch.ones(len(module.term_names))
        if bad:
            values[module.term_names.index(term)] = math.nan
        module._measured = lambda: values
        guard.on_before_optimizer_step(trainer, module, optimizer)

    step(6, bad=False)
    guard.on_save_checkpoint(trainer, module, {})
    step(7, bad=True)
    step(8, bad=False)
    with pytest.raises(NonFiniteLossError, match=rf"at step 7(.|\n)*in the {term} term"):
        guard.on_save_checkpoint(trainer, module, {})
