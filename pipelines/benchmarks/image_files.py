"""Images in files that all sides of a comparison read."""

from pathlib import Path

import numpy as np
import torch

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.data.splits import load


def write_training_images(path: Path, overrides: list[str]) -> None:
    """Write the training images that a config trains on: uint8 (n, c, h, w), values to 255."""
    config = typed(compose(CONFIG_DIRECTORY, "train", overrides))
    train = load(config.data, config.seed).train
    np.save(path, train.levels(torch.arange(len(train))).numpy())


def write_sprites(path: Path, count: int, channels: int = 1) -> None:
    """Write sprites as `data=arrays` reads them: uint8 (count, channels, 64, 64), 0 or 255.

    Args:
        path: a `.npy` file.
        count: how many, evenly spread over all 737,280.
        channels: copies of the one channel, each darker than the one before.
    """
    config = typed(compose(CONFIG_DIRECTORY, "train", ["data=sprites_rendered"]))
    images = load(config.data, config.seed).train.image_set.images
    chosen = torch.linspace(0, len(images) - 1, count).long()
    levels = torch.tensor([255 // (1 + channel) for channel in range(channels)])
    pixels = images.batch(chosen) * levels.reshape(-1, 1, 1)
    np.save(path, pixels.to(torch.uint8).numpy())
