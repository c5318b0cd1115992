"""Lightning's trainer, stopped and resumed at any step, sees the uninterrupted sequence."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from latentsweep.data.batches import Batch, TrainBatches
from latentsweep.data.image_set import ImageSet
from latentsweep.data.splits import Split
from latentsweep.data.storage import ByteImages

EPOCHS, BATCHES, BATCH_SIZE = 3, 4, 5


class Witness(pl.LightningModule):
    """Notes what it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen: list[list[int]] = []

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        self.seen.append(batch.images[:, 0, 0, 0].int().tolist())
        return self.layer(batch.images[:, 0, 0, :1]).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class SaveAndStop(pl.Callback):
    """Saves after `step` steps, in the hook `where`, and stops there."""

    def __init__(self, step: int, path: Path, where: str = "batch end") -> None:
        self.step, self.path, self.where = step, path, where

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        self._save(trainer, "batch end")

    def on_train_epoch_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        self._save(trainer, "epoch end")

    def _save(self, trainer: pl.Trainer, where: str) -> None:
        if trainer.global_step == self.step and where == self.where:
            trainer.save_checkpoint(self.path)
            trainer.should_stop = True


def fit(tmp_path: Path, resume: Path | None = None, stop: SaveAndStop | None = None) -> Witness:
    pixels = torch.arange(BATCHES * BATCH_SIZE + 1, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    image_set = ImageSet(ByteImages(pixels, divisor=1), digest="0", origin="made")
    batches = TrainBatches(Split(image_set, torch.arange(len(image_set))), BATCH_SIZE, seed=0)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        callbacks=[stop] if stop else [],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    witness = Witness()
    trainer.fit(witness, batches, ckpt_path=resume)
    return witness


MID_EPOCH = [(step, "batch end") for step in (1, 3, 5, 7, 10, 11)]
EPOCH_ENDS = [(step, where) for step in (4, 8) for where in ("batch end", "epoch end")]


@pytest.mark.parametrize(("step", "where"), MID_EPOCH + EPOCH_ENDS)
def test_a_resumed_fit_sees_the_batches_of_the_uninterrupted_one(
    step: int, where: str, tmp_path: Path
) -> None:
    uninterrupted = fit(tmp_path).seen
    assert len(uninterrupted) == EPOCHS * BATCHES
    path = tmp_path / "stopped.ckpt"
    before = fit(tmp_path, stop=SaveAndStop(step, path, where)).seen
    after = fit(tmp_path, resume=path).seen
    assert before == uninterrupted[:step]
    assert before + after == uninterrupted
