"""How many images go to the test and to the validation split."""

from latentsweep.errors import DataError


def test_count(count: int, test_fraction: float, what: str) -> int:
    """Number of images of the test split of a set that has none of its own.

    Args:
        count: images in the whole set.
        test_fraction: the share asked for; at least one image is taken.
        what: the set's name, for errors.

    Raises:
        DataError: where the test split would be empty or nothing would be left for training and
            validation.
    """
    if test_fraction <= 0:
        raise DataError(
            f"{what}: the test split would be empty",
            found=f"data.test_fraction={test_fraction}",
            expected="a share greater than 0",
            mend="set data.test_fraction, for example to 0.1",
        )
    return _share(count, test_fraction, "test", what, keep=2)


def val_count(count: int, val_fraction: float, what: str) -> int:
    """Number of images of the validation split, of `count` images outside the test split.

    Raises:
        DataError: where nothing would be left for training.
    """
    return _share(count, val_fraction, "val", what, keep=1)


def _share(count: int, fraction: float, split: str, what: str, keep: int) -> int:
    taken = max(1, round(count * fraction))
    if count - taken < keep:
        raise DataError(
            f"{what}: too few images to divide into training, validation and test",
            found=f"{count} images, of which data.{split}_fraction={fraction} takes {taken}",
            expected=f"at least {keep} left over",
            mend=f"add images or lower data.{split}_fraction",
        )
    return taken
