"""Batches whose order is a function of (seed, epoch): the same after any interruption."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from latentsweep.data.binarise import bernoulli_sample
from latentsweep.data.splits import Split
from latentsweep.errors import DataError
from latentsweep.randomness import Stream, permutation, seed_of


class Batch(NamedTuple):
    """Images and where they stand.

    Attributes:
        images: float32 (b, c, h, w).
        start: place of the first image: in the global batch while training, in the split while
            evaluating.
        ends_step: whether an optimiser step follows; not after the first parts of a divided batch.
    """

    images: Tensor
    start: int
    ends_step: bool = True


class TrainBatches:
    """Full batches of one split, in a new order each epoch; what is left over is not used.

    Its state names the next batch to be handed out. So a state saved while batch k is being
    trained on, or after it, resumes at batch k + 1, and one saved at an epoch's end resumes at the
    next epoch's first batch. Every iteration goes on from the state, to the end of that epoch.

    Attributes:
        share: of each batch, the places that are handed out.
        sampler: the object itself; trainers that follow torch's `DistributedSampler` call
            `sampler.set_epoch` before each epoch.

    Args:
        split: the images.
        batch_size: images of one optimiser step.
        seed: decides the order, and the noise of `binarise`.
        binarise: whether each epoch sees a new Bernoulli sample of the grey pixels.
        share: of each batch, the places that are handed out; None: all of them.
        parts: in which that is done, of equal size.

    Raises:
        DataError: where the split does not fill one batch.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        seed: int,
        binarise: bool = False,
        share: range | None = None,
        parts: int = 1,
    ) -> None:
        if len(split) < batch_size:
            raise DataError(
                "The training images do not fill one batch",
                found=f"{len(split)} training images, batch_size={batch_size}",
                expected="at least batch_size training images",
                mend=f"lower batch_size to {len(split)} or less",
            )
        self.split, self.batch_size, self.seed, self.binarise = split, batch_size, seed, binarise
        self.share = share or range(batch_size)
        self._parts = parts
        # Where a batch is binarised, the whole of it on each rank.
        self._read = slice(None) if binarise else slice(self.share.start, self.share.stop)
        self._epoch = 0
        self._position = 0
        # Lightning does not load the state of a loader when it resumes between two epochs; what it
        # always does is to announce the epoch this way.
        self.sampler = self

    def __len__(self) -> int:
        return self._batches * self._parts

    @property
    def _batches(self) -> int:
        return len(self.split) // self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = self._epoch, self._position
        order = torch.from_numpy(permutation(self.seed, Stream.ORDER, len(self.split), epoch))
        for index in range(first, self._batches):
            # Moved on before the batch is handed out: states are saved from inside the loop's
            # body, and after an epoch's last batch this generator may never be asked again.
            last = index + 1 == self._batches
            self._epoch, self._position = (epoch + 1, 0) if last else (epoch, index + 1)
            if not last:
                self.split.read_ahead(self._positions(order, index + 1)[self._read])
            yield from self._parts_of(order, epoch, index)

    def _parts_of(self, order: Tensor, epoch: int, index: int) -> Iterator[Batch]:
        """This rank's share of a batch, in equal parts."""
        size = len(self.share) // self._parts
        positions = self._positions(order, index)
        sample = None
        if self.binarise:  # of the whole batch, whose random numbers are one stream
            levels = self.split.levels(positions)
            sample = bernoulli_sample(levels, seed_of(self.seed, Stream.BINARISE, epoch, index))
        for number in range(self._parts):
            start = self.share.start + number * size
            part = slice(start, start + size)
            images = self.split.images(positions[part]) if sample is None else sample[part]
            yield Batch(images, start, number + 1 == self._parts)

    def _positions(self, order: Tensor, index: int) -> Tensor:
        """Of a whole batch in the split, (batch,)."""
        return order[index * self.batch_size : (index + 1) * self.batch_size]

    def set_epoch(self, epoch: int) -> None:
        """Begin this epoch, unless it is the one under way or next to come."""
        if epoch != self._epoch:
            self._epoch, self._position = epoch, 0

    def state_dict(self) -> dict[str, int]:
        """Epoch and position of the next batch."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from a state of `state_dict`."""
        self._epoch, self._position = state["epoch"], state["position"]


class EvalBatches:
    """Images of a split, in order; the last batch may be smaller.

    Args:
        split: the images.
        batch_size: images of a batch.
        share: positions in the split that are handed out; None: all of them.
    """

    def __init__(self, split: Split, batch_size: int, share: range | None = None) -> None:
        self.split, self.batch_size = split, batch_size
        self._share = range(len(split)) if share is None else share

    def __len__(self) -> int:
        return -(-len(self._share) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in self._share[:: self.batch_size]:
            stop = min(start + self.batch_size, self._share.stop)
            yield Batch(self.split.images(torch.arange(start, stop)), start)
