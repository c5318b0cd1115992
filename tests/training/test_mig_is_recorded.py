from pathlib import Path

import numpy as np
import pytest
import torch

from latentsweep.data.batches import EvalBatches
from latentsweep.data.splits import load
from latentsweep.metrics.mutual_information_gap import mutual_information_gap
from latentsweep.training.module import AutoencoderModule
from tests.training.conftest import Small


def squares(path: Path) -> Path:
    """200 pictures of 8x8 with one bright square, and where it lies."""
    factors = np.stack([np.arange(200) % 4, np.arange(200) // 4 % 4], axis=1).astype(np.uint8)
    images = np.zeros((200, 8, 8), dtype=np.uint8)
    for image, (row, column) in zip(images, factors, strict=True):
        image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 255
    np.savez(path, images=images, factors=factors)
    return path


def test_validation_gives_the_mig_of_its_images_where_their_factors_are_known(
    small: Small, tmp_path: Path
) -> None:
    config = small("data=arrays", f"data.path={squares(tmp_path / 'squares.npz')}", "batch_size=16")
    splits = load(config.data, config.seed)
    split = splits.val
    module = AutoencoderModule(config, splits.shape, len(split), split.factors)
    with torch.no_grad():
        for index, batch in enumerate(EvalBatches(split, 7)):
            module.validation_step(batch, index)
        module.on_validation_epoch_end()
        means = module.model.posterior(split.images(torch.arange(len(split)))).mean
    assert split.factors is not None
    expected = mutual_information_gap(means, split.factors)
    assert 0 < expected < 1
    assert module.validation_metrics["mig"] == pytest.approx(expected, abs=0.05)


def test_without_factors_there_is_no_mig(small: Small) -> None:
    config = small()
    splits = load(config.data, config.seed)
    module = AutoencoderModule(config, splits.shape, len(splits.val), splits.val.factors)
    with torch.no_grad():
        for index, batch in enumerate(EvalBatches(splits.val, 64)):
            module.validation_step(batch, index)
        module.on_validation_epoch_end()
    assert "mig" not in module.validation_metrics
    assert "elbo" in module.validation_metrics
