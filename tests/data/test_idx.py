from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentsweep.data.fetch import Release
from latentsweep.data.idx import parse_idx, read_idx_set
from latentsweep.errors import DataError


def header(*sizes: int) -> bytes:
    return bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_an_idx_file_gives_back_its_array(shape: list[int]) -> None:
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    assert np.array_equal(parse_idx(header(*shape) + values.tobytes(), "made"), values)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "first bytes none"),
        (b"PK\3\4 a zip file", "50 4b 03 04"),
        (bytes([0, 0, 13, 1]) + b"\0\0\0\0", "00 00 0d 01"),
        (header(2, 3) + b"12345", "17 bytes"),
        (header(2, 3) + b"1234567", "expected: 18 bytes"),
        (header(2, 3)[:7], "7 bytes"),
    ],
)
def test_a_damaged_idx_file_is_named_with_what_was_found(content: bytes, named: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_idx(content, "broken-idx3-ubyte")
    assert "broken-idx3-ubyte" in str(caught.value)
    assert named in " ".join(str(caught.value).split())


def test_a_set_of_idx_files_keeps_its_official_test_split(
    idx_release: Release, tmp_path: Path
) -> None:
    image_set = read_idx_set(idx_release, tmp_path / "data", download=True)
    assert image_set.images.shape == (1, 4, 5)
    assert image_set.train_pool.tolist() == [0, 1, 2, 3, 4, 5]
    assert image_set.test is not None
    assert image_set.test.tolist() == [6, 7, 8]
    assert image_set.labels is not None
    assert image_set.labels.shape == (9,)
    assert len(image_set.digest) == 64
