"""A loss that is no number stops the run, keeps the state, and says where."""

from pathlib import Path

import pytest
import torch

from latentsweep.errors import NonFiniteLossError
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Status
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
