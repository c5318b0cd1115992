"""What the ranks of a run say to each other; one process alone says it to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch import Tensor

T = TypeVar("T")


class Ranks:
    """A process that trains a run alone, and what it shares with `RankGroup`.

    Whatever is said here has to be said by all ranks, in the same order.

    Attributes:
        rank: of this process, from 0; rank 0 leads: it alone writes.
        size: how many there are.
        local_rank: among those of this machine.
        local_size: how many there are on this machine.
        broken: whether they have lost each other.
    """

    broken = False
    rank = 0
    size = 1
    local_rank = 0
    local_size = 1

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.size == 1

    def share(self, whole: int) -> range:
        """This rank's part of `whole` consecutive things, which may be one larger than others'."""
        return range(self.rank * whole // self.size, (self.rank + 1) * whole // self.size)

    def from_leader(self, make: Callable[[], T]) -> T:
        """What rank 0 makes, on every rank.

        Raises:
            LatentsweepError: rank 0 could not make it.
        """
        return make()

    def of_all(self, value: T) -> list[T]:
        """Every rank's value, by rank."""
        return [value]

    def greatest(self, value: int) -> Callable[[], int]:
        """The greatest of all ranks' values, which the returned function waits for."""
        return lambda: value

    def mean(self, values: Tensor) -> Callable[[], Tensor]:
        """The mean over all ranks of a tensor, which the returned function waits for."""
        return lambda: values

    def total(self, values: Tensor) -> Tensor:
        """The sum over all ranks of a tensor, without a gradient."""
        return values

    def rows(self, values: Tensor) -> Tensor:
        """On rank 0 all ranks' rows of a tensor (rows, ...), in the order of ranks.

        Elsewhere what it returns is of no use.
        """
        return values

    def parts(self, values: Tensor) -> list[Tensor]:
        """Every rank's tensor, by rank and without a gradient; all are of one shape."""
        return [values]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Within this context no rank goes on, or waits for ever, where another one has failed.

        Raises:
            LatentsweepError: what was raised within it, or became of another rank.
        """
        yield

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Within this context a connection that breaks off is told as what became of a rank.

        Raises:
            RankFailedError: another rank failed and said why.
            RankLostError: another rank left without a word.
        """
        yield

    def close(self) -> None:
        """Part."""


ALONE = Ranks()
