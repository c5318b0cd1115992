"""Data sets that stay in memory from trial to trial."""

from functools import lru_cache

import torch

from latentsweep.config.data import DataConfig
from latentsweep.data.splits import Splits, load, place
from latentsweep.training.ranks.data import one_copy_a_machine
from latentsweep.training.ranks.ranks import Ranks

_read: dict[tuple[DataConfig, int], Splits] = {}  # one at most


def read_splits(data: DataConfig, seed: int) -> Splits:
    """A data set that stays in memory from trial to trial and, read before a fork, is shared."""
    if (data, seed) not in _read:
        splits = load(data, seed)
        _read.clear()
        _read[data, seed] = splits
    return _read[data, seed]


@lru_cache(maxsize=1)
def placed_splits(data: DataConfig, seed: int, device: torch.device, ranks: Ranks) -> Splits:
    """A data set that stays on the device from trial to trial, where it fits.

    Ranks that were forked after it was read share it by that.
    """
    forked = all(ranks.of_all((data, seed) in _read))
    read = (
        read_splits(data, seed) if forked else one_copy_a_machine(ranks, lambda: load(data, seed))
    )
    return place(read, device)
