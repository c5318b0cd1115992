"""The points that a metric is computed of."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.canonical import (
    Floats,
    Integers,
    canonical_codes,
    canonical_factors,
)

# Of Locatello et al. 2019; fewer points are split in the same ratio.
_TRAIN, _TEST = 10_000, 5_000


@dataclass(frozen=True)
class Points:
    """Codes and factors of the same points, in their canonical form.

    Attributes:
        codes: float64 (n, latent).
        factors: the factors that vary, int64 (n, factor).
        order: where each latent was before, (latent,).
    """

    codes: Floats
    factors: Integers
    order: Integers

    @classmethod
    def of(cls, codes: Tensor, factors: Tensor, least_factors: int = 1) -> "Points":
        """Check points and bring them into canonical form.

        Args:
            codes: posterior means, (n, latent).
            factors: the index of each factor's value, (n, factor).
            least_factors: how many factors must vary.

        Raises:
            ValueError: a shape or a type is wrong.
            MetricError: these points cannot support a metric.
        """
        canonical, order = canonical_codes(codes)
        return cls(canonical, canonical_factors(factors, len(codes), least_factors), order)

    def __len__(self) -> int:
        return len(self.codes)

    def chosen(self, rows: Integers) -> "Points":
        """Some of the points."""
        return Points(self.codes[rows], self.factors[rows], self.order)

    def some(self, seed: int) -> "Points":
        """All points, or of many 10,000 drawn by a seed."""
        return self.chosen(np.random.default_rng(seed).permutation(len(self))[:_TRAIN])

    def split(self, seed: int) -> tuple["Points", "Points"]:
        """Points to train and to test on, drawn by a seed: 10,000 and 5,000, or in that ratio.

        Raises:
            MetricError: there are so few points that a factor has no two values in both parts.
        """
        rows = np.random.default_rng(seed).permutation(len(self))[: _TRAIN + _TEST]
        end = len(rows) * _TRAIN // (_TRAIN + _TEST)
        train, test = self.chosen(rows[:end]), self.chosen(rows[end:])
        for trained, tested in zip(train.factors.T, test.factors.T, strict=True):
            if len(np.intersect1d(trained, tested)) < 2:
                raise MetricError(
                    "too few points to train on some and test on others",
                    found=f"{len(self)} points, of which {len(test)} to test",
                    expected="two values at least of each factor in both parts",
                    mend="evaluate more points",
                )
        return train, test
