"""A batch that the ranks share, as a loss sees it that couples its images."""

import torch
from torch import Tensor

from latentsweep.models.whole_batch import WholeBatch
from latentsweep.training.ranks.ranks import Ranks


class SharedBatch(WholeBatch):
    """A batch of which each rank has an equal part.

    DDP takes the mean of all ranks' gradients, and each rank's reach only its own part: so they are
    made as many times as large as there are ranks, as those of a part's mean are by themselves.

    Args:
        ranks: which share it.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    def mean(self, values: Tensor) -> Tensor:
        """See `WholeBatch`."""
        own = values.mean(dim=0)
        return own + (self._ranks.mean(own)() - own).detach()

    def rows(self, values: Tensor) -> Tensor:
        """See `WholeBatch`."""
        fixed = values.detach()
        parts = self._ranks.parts(fixed)
        # Of the same value, to the bit: nothing is multiplied but zeros.
        parts[self._ranks.rank] = fixed + self._ranks.size * (values - fixed)
        return torch.cat(parts)

    def own(self, rows: Tensor) -> Tensor:
        """See `WholeBatch`."""
        share = self._ranks.share(len(rows))
        return rows[share.start : share.stop]
