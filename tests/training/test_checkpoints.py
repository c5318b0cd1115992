"""Checkpoints on a disk that refuses, and what a schedule sees of steps."""

import resource
from pathlib import Path

import pytest
import torch

from latentsweep.errors import StorageError
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics
from latentsweep.training.checkpoints import AtomicCheckpointIO
from latentsweep.training.run import train

from .conftest import Small


def test_disk_that_refuses_a_checkpoint_keeps_the_last_good_one(tmp_path: Path) -> None:
    writer, path = AtomicCheckpointIO(), tmp_path / "last.ckpt"
    writer.save_checkpoint({"weights": torch.zeros(10)}, path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(StorageError, match=r"last\.ckpt(.|\n)*free some space"):
            writer.save_checkpoint({"weights": torch.zeros(100_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert torch.load(path, weights_only=True)["weights"].tolist() == [0.0] * 10
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_kl_weight_rises_with_optimiser_steps_and_not_with_validation(small: Small) -> None:
    # Two epochs of 11 steps with a validation between them.
    run = train(small("kl_schedule=warmup", "kl_schedule.steps=20", "model.beta=4.0"), [])
    weights = {
        record.step: record.values["train/kl_weight"]
        for record, _ in read_journal(Path(run.directory) / JOURNAL_NAME)
        if isinstance(record, Metrics) and "train/kl_weight" in record.values
    }
    expected = {step: 4.0 * min(1.0, (step - 1) / 20) for step in range(1, 23)}
    assert weights == pytest.approx(expected)


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_terms_keep_their_digits_in_every_precision(small: Small, precision: str) -> None:
    run = train(small(f"trainer.precision={precision}", "model.beta=0.05"), [])
    plain = train(small("model.beta=0.05"), [])
    for name in ("elbo", "reconstruction"):
        assert run.validation[name] == pytest.approx(plain.validation[name], rel=2e-2)
    terms = [
        value
        for record, _ in read_journal(Path(run.directory) / JOURNAL_NAME)
        if isinstance(record, Metrics)
        for name, value in record.values.items()
        if name == "train/reconstruction"
    ]
    # In bfloat16 numbers around 40 would all be multiples of 1/4.
    assert any(value * 4 % 1 for value in terms)
