from pathlib import Path

import numpy as np
import pytest
import torch

from latentsweep.config.data import ArraysConfig, Layout
from latentsweep.data.describe import describe
from latentsweep.data.image_set import ImageSet
from latentsweep.data.sources.arrays import read
from latentsweep.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 3, 5, 4), dtype=np.uint8)


def config(path: Path, layout: Layout = "auto") -> ArraysConfig:
    return ArraysConfig(
        dir="unused",
        download=False,
        val_fraction=0.1,
        test_fraction=0.1,
        path=str(path),
        layout=layout,
    )


def saved(tmp_path: Path, array: np.ndarray) -> ArraysConfig:
    np.save(tmp_path / "images.npy", array)
    return config(tmp_path / "images.npy")


def everything(image_set: ImageSet) -> np.ndarray:
    return image_set.images.batch(torch.arange(len(image_set))).numpy()


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (PIXELS, PIXELS / np.float32(255)),
        (PIXELS.transpose(0, 2, 3, 1), PIXELS / np.float32(255)),
        (PIXELS[:, 0], PIXELS[:, :1] / np.float32(255)),
        (PIXELS > 99, (PIXELS > 99).astype(np.float32)),
        (PIXELS.astype(">f8"), PIXELS.astype(np.float32)),
        (np.asfortranarray(PIXELS.astype(np.float16)), PIXELS.astype(np.float32)),
    ],
    ids=["chw", "hwc", "hw", "bool", "big-endian", "fortran"],
)
def test_layouts_and_types_give_the_same_images(
    array: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    choice = saved(tmp_path, array)
    image_set = read(choice)
    assert np.array_equal(everything(image_set), expected)
    description = describe(choice)
    assert (description.shape, description.training_images) == (image_set.images.shape, 16)


def test_the_range_is_that_of_the_type_or_of_floating_point_values(tmp_path: Path) -> None:
    ranges = []
    for array in (PIXELS, PIXELS > 9, np.linspace(-3, 2, 60).reshape(15, 2, 2)):
        description = describe(saved(tmp_path, array))
        ranges.append((description.low, description.high))
    assert ranges == [(0, 1), (0, 1), (-3, 2)]


def test_a_npz_brings_labels_and_factors(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    labels, factors = np.arange(20) % 7, np.stack([np.arange(20) % 4, np.arange(20) // 4], axis=1)
    np.savez_compressed(path, data=PIXELS, labels=labels, factors=factors, other=np.zeros(3))
    image_set = read(config(path))
    assert image_set.labels is not None
    assert image_set.factors is not None
    assert np.array_equal(image_set.labels.numpy(), labels)
    assert np.array_equal(image_set.factors.numpy(), factors)
    assert image_set.factor_sizes == (4, 5)
    assert image_set.factor_names == ("factor_0", "factor_1")


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    one = read(saved(tmp_path, PIXELS)).digest
    np.savez(tmp_path / "same.npz", anything=PIXELS)
    assert read(config(tmp_path / "same.npz")).digest == one
    other = PIXELS.copy()
    other[7, 1, 1, 1] ^= 1
    assert read(saved(tmp_path, other)).digest != one


def not_finite() -> np.ndarray:
    array = np.zeros((20, 4, 4), np.float32)
    array[[5, 5, 9], [0, 1, 2], 0] = [np.nan, np.inf, -np.inf]
    return array


@pytest.mark.parametrize(
    ("array", "named"),
    [
        (not_finite(), "3 NaN or infinite values, the first in image 5"),
        (np.full((20, 4, 4), 1e300), "320 NaN or infinite values, the first in image 0"),
        (PIXELS.astype(np.int64), "int64"),
        (np.array([{"a": 1}] * 20, dtype=object), "without Python objects"),
        (np.zeros((20, 16), np.uint8), r"\(20, 16\)"),
        (np.zeros((0, 4, 4), np.uint8), r"\(0, 4, 4\)"),
        (np.zeros((20, 5, 5, 5), np.uint8), "1 or 3 entries"),
        (np.zeros((20, 3, 5, 3), np.uint8), "data.layout"),
        (PIXELS[:, 0] // 255, "all 0 or 1"),
    ],
    ids=["nan", "float32", "int", "object", "flat", "empty", "no channel", "two channels", "0/1"],
)
def test_unusable_arrays_are_refused_before_and_while_reading(
    array: np.ndarray, named: str, tmp_path: Path
) -> None:
    choice = saved(tmp_path, array)
    for refused in (describe, read):
        with pytest.raises(DataError, match=named):
            refused(choice)


def test_a_layout_that_contradicts_the_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", PIXELS)
    with pytest.raises(DataError, match="hw"):
        describe(config(tmp_path / "images.npy", "hw"))
    np.save(tmp_path / "images.npy", PIXELS[:, 0])
    with pytest.raises(DataError, match="4 axes"):
        describe(config(tmp_path / "images.npy", "chw"))


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"labels": np.arange(19)}, "`labels`"),
        ({"labels": np.linspace(0, 1, 20)}, "float64"),
        ({"factors": np.arange(20)}, "`factors`"),
        ({"factors": np.full((20, 2), -1)}, "least entry -1"),
    ],
)
def test_labels_and_factors_that_do_not_fit_are_refused(
    columns: dict[str, np.ndarray], named: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "images.npz", data=PIXELS, **columns)
    with pytest.raises(DataError, match=named):
        read(config(tmp_path / "images.npz"))


def test_missing_damaged_and_ambiguous_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing there"):
        describe(config(tmp_path / "none.npy"))
    np.savez(tmp_path / "two.npz", first=PIXELS, second=PIXELS)
    with pytest.raises(DataError, match="first, second"):
        describe(config(tmp_path / "two.npz"))
    for name in ("cut.npy", "cut.npz"):
        path = tmp_path / name
        np.save(path, PIXELS) if path.suffix == ".npy" else np.savez(path, data=PIXELS)
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(DataError, match="cannot be read"):
            describe(config(path))
