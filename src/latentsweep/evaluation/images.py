"""The images of a split, or of a rank's part of it, a chunk at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.data.splits import Split
from latentsweep.errors import ConfigError
from latentsweep.training.ranks.ranks import Ranks

_NUMBERS_AT_ONCE = 2**19
_MOST = 512
_MOST_RANKS = 8  # of the smallest splits


@dataclass(frozen=True)
class SplitImages:
    """Images in the split's order.

    Attributes:
        split: what they are of.
        share: positions in the split.
        device: where they are wanted.
    """

    split: Split
    share: range
    device: torch.device

    def __len__(self) -> int:
        return len(self.share)

    @property
    def chunk(self) -> int:
        """How many are handed out at once: a function of the split alone.

        So the same image stands among the same others in each evaluation, of however many ranks,
        and rounding is the same.
        """
        channels, height, width = self.split.shape
        few = -(-len(self.split) // _MOST_RANKS)
        return max(1, min(_MOST, few, _NUMBERS_AT_ONCE // (channels * height * width)))

    def chunks(self) -> Iterator[tuple[Tensor, int]]:
        """Images (b, channels, height, width), float32, with the place of the first in `share`."""
        for start in range(0, len(self.share), self.chunk):
            positions = torch.tensor(self.share[start : start + self.chunk])
            yield self.split.images(positions).float().to(self.device), start


def images_of(split: Split, ranks: Ranks, device: torch.device) -> SplitImages:
    """This rank's part of a split, in whole chunks.

    Raises:
        ConfigError: there are more ranks than chunks.
    """
    chunk = SplitImages(split, range(0), device).chunk
    chunks = -(-len(split) // chunk)
    if ranks.size > chunks:
        raise ConfigError(
            f"DEVICES={ranks.size}: the test split is too small for so many ranks",
            found=f"{len(split)} images",
            mend=f"DEVICES={chunks} or less",
        )
    own = ranks.share(chunks)
    return SplitImages(split, range(len(split))[own.start * chunk : own.stop * chunk], device)
