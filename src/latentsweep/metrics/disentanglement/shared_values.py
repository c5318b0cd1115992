"""Points that share the value of a factor, drawn from those that are there."""

import numpy as np

from latentsweep.metrics.disentanglement.canonical import Integers


class SharedValues:
    """The points in groups that share one factor's value.

    Args:
        factor: the index of the factor's value, (n,); each value that occurs does so twice.
    """

    def __init__(self, factor: Integers) -> None:
        self._by_value = np.argsort(factor, kind="stable")
        self._place = np.argsort(self._by_value)
        sizes = np.bincount(factor)
        self._size = sizes[factor]
        self._first = (np.cumsum(sizes) - sizes)[factor]

    def partners(self, points: Integers, drawn: np.random.Generator) -> Integers:
        """For each point another one of its group, in the shape of `points`."""
        first, size = self._first[points], self._size[points]
        place = self._place[points] - first + drawn.integers(1, size)
        partners: Integers = self._by_value[first + place % size]
        return partners

    def companions(self, points: Integers, count: int, drawn: np.random.Generator) -> Integers:
        """For each point (n,) so many of its group, it or others, with replacement, (n, count)."""
        first, size = self._first[points, None], self._size[points, None]
        places = drawn.integers(0, size, (len(points), count))
        companions: Integers = self._by_value[first + places]
        return companions
