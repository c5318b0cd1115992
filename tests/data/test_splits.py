from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentsweep.config.data import DigitsConfig
from latentsweep.data.describe import describe
from latentsweep.data.image_set import ImageSet
from latentsweep.data.splits import Split, divide, load, place
from latentsweep.data.storage import ByteImages
from latentsweep.errors import DataError


def digits(val_fraction: float = 0.1, test_fraction: float = 0.1) -> DigitsConfig:
    return DigitsConfig(
        dir="unused", download=False, val_fraction=val_fraction, test_fraction=test_fraction
    )


def a_set(count: int, official_test: int) -> ImageSet:
    test = torch.arange(count - official_test, count) if official_test else None
    pixels = torch.zeros(count, 1, 1, 1, dtype=torch.uint8)
    return ImageSet(ByteImages(pixels, divisor=255), digest="0", origin="made", test=test)


@given(
    count=st.integers(10, 300),
    official_test=st.integers(0, 5),
    fraction=st.floats(0.01, 0.4),
    seed=st.integers(0, 2**63 - 1),
)
def test_splits_are_disjoint_and_cover_the_set(
    count: int, official_test: int, fraction: float, seed: int
) -> None:
    image_set = a_set(count, official_test)
    parts = divide(image_set, fraction, fraction, seed, "made")
    assert all(len(part) >= 1 for part in parts)
    assert torch.cat(parts).sort().values.tolist() == list(range(count))
    if official_test:
        assert image_set.test is not None
        assert torch.equal(parts[2], image_set.test)


@given(st.integers(0, 2**63 - 2))
def test_the_seed_alone_decides_the_division(seed: int) -> None:
    image_set = a_set(200, 20)
    first, again, other = (
        divide(image_set, None, 0.1, each, "made")[1] for each in (seed, seed, seed + 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_same_seed_and_set_give_the_same_split_and_digest() -> None:
    one, other = load(digits(), seed=3), load(digits(), seed=3)
    assert torch.equal(one.val.indices, other.val.indices)
    assert one.digest == other.digest
    assert len(one.digest) == 64


def test_digits_split_has_the_counts_that_describe_announces() -> None:
    splits, description = load(digits(), seed=0), describe(digits())
    assert description.training_images == len(splits.train)
    assert description.shape == splits.shape == (1, 8, 8)
    everything = torch.cat([s.images(torch.arange(len(s))) for s in (splits.train, splits.test)])
    assert (everything.min(), everything.max()) == (0, 1)


def test_labels_and_factors_follow_the_indices(numbered: Callable[[int], ImageSet]) -> None:
    factors = torch.arange(20, dtype=torch.uint8).reshape(10, 2)
    image_set = replace(numbered(10), labels=torch.arange(10) * 10, factors=factors)
    split = Split(image_set, torch.tensor([1, 4, 8]))
    assert split.labels is not None
    assert split.factors is not None
    assert split.labels.tolist() == [10, 40, 80]
    assert split.factors.tolist() == [[2, 3], [8, 9], [16, 17]]
    assert split.factors.dtype == torch.int64
    assert split.images(torch.tensor([2, 0]))[:, 0, 0, 0].tolist() == [8, 1]


@pytest.mark.parametrize(
    ("fractions", "named"),
    [((0.1, 0.0), "test split would be empty"), ((0.9999, 0.1), "too few images")],
)
def test_an_empty_split_is_an_error_before_and_while_loading(
    fractions: tuple[float, float], named: str
) -> None:
    for refused in (lambda c: load(c, 0), describe):
        with pytest.raises(DataError, match=named):
            refused(digits(*fractions))


def test_placing_on_the_cpu_changes_nothing() -> None:
    splits = load(digits(), seed=0)
    assert place(splits, torch.device("cpu")) is splits
