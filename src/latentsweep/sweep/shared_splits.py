"""Data sets that stay in memory from trial to trial."""

from functools import lru_cache

import torch

from latentsweep.config.data import DataConfig
from latentsweep.data.splits import Splits, load, place


@lru_cache(maxsize=1)
def read_splits(data: DataConfig, seed: int) -> Splits:
    """A data set that stays in memory from trial to trial and, read before a fork, is shared."""
    return load(data, seed)


@lru_cache(maxsize=1)
def placed_splits(data: DataConfig, seed: int, device: torch.device) -> Splits:
    """A data set that stays on the device from trial to trial, where it fits."""
    return place(read_splits(data, seed), device)
