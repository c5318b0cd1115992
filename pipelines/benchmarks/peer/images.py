"""The peer's data: arrays in memory, read once a process."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import TensorDataset


@cache
def load(directory: str) -> tuple[TensorDataset, TensorDataset]:
    """Training and validation images, float32 (images, pixels) in [0, 1]."""
    train, val = (np.load(Path(directory) / f"{name}.npy") for name in ("train", "val"))
    return _scaled(train), _scaled(val)


def _scaled(images: np.ndarray) -> TensorDataset:
    return TensorDataset(torch.from_numpy(images).float() / 255)
