"""Training, validation and test images of a data set."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from latentsweep.config.data import Binarise, DataConfig, MNISTConfig, UnsplitConfig
from latentsweep.data import sources
from latentsweep.data.binarise import fixed_sample, thresholded
from latentsweep.data.division import test_count, val_count
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages, ImageShape
from latentsweep.randomness import Stream, permutation

# The rest is the model's, its activations' and the optimiser's.
DEVICE_MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class Split:
    """Some images of a set, in a fixed order.

    Attributes:
        image_set: the set they belong to.
        indices: int64 (m,), ascending, on the CPU: which of its images.
    """

    image_set: ImageSet
    indices: Tensor

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def shape(self) -> ImageShape:
        """(channels, height, width) of one image."""
        return self.image_set.images.shape

    @property
    def labels(self) -> Tensor | None:
        """int64 (m,) class of each image, or None."""
        labels = self.image_set.labels
        return None if labels is None else labels[self.indices].long()

    @property
    def factors(self) -> Tensor | None:
        """int64 (m, f) index of each factor's value, or None."""
        factors = self.image_set.factors
        return None if factors is None else factors[self.indices].long()

    def images(self, positions: Tensor) -> Tensor:
        """The images at `positions` (b,) of this split, on the store's device: (b, c, h, w)."""
        return self.image_set.images.batch(self.indices[positions.cpu()])

    def read_ahead(self, positions: Tensor) -> None:
        """Have the images at `positions` (b,) read from the disk soon, where they lie on one."""
        if self.image_set.mapped:
            self.image_set.images.read_ahead(self.indices[positions])

    def levels(self, positions: Tensor) -> Tensor:
        """The undivided 8-bit pixels at `positions` (b,), uint8 (b, c, h, w) on the CPU."""
        images = self.image_set.images
        assert isinstance(images, ByteImages)
        return images.levels(self.indices[positions])


@dataclass(frozen=True)
class Splits:
    """A data set divided for training.

    Attributes:
        train: images to train on.
        val: images to choose models by.
        test: images to report on.
        resample: whether training images are to be binarised anew each epoch
            (`TrainBatches(binarise=True)`); `val` and `test` then are one fixed sample.
    """

    train: Split
    val: Split
    test: Split
    resample: bool = False

    @property
    def digest(self) -> str:
        """sha256 over the data set's content."""
        return self.train.image_set.digest

    @property
    def origin(self) -> str:
        """Where the data set was read from."""
        return self.train.image_set.origin

    @property
    def shape(self) -> ImageShape:
        """(channels, height, width) of one image."""
        return self.train.shape


def load(
    config: DataConfig, seed: int, read: Callable[[DataConfig], ImageSet] = sources.read
) -> Splits:
    """Read the data set and divide it; the division depends on the seed and the set alone.

    An official test split is kept. Otherwise the test images are the first of the seed's
    permutation and the validation images the next.

    Args:
        config: of the data set.
        seed: of the division.
        read: gives the whole set, where that is at hand.

    Raises:
        DataError: where the set is missing, corrupt, of the wrong form or too small to divide.
        StorageError: where a fetched set cannot be written.
    """
    image_set = read(config)
    test_fraction = config.test_fraction if isinstance(config, UnsplitConfig) else None
    train, val, test = divide(image_set, test_fraction, config.val_fraction, seed, config.name)
    binarise = config.binarise if isinstance(config, MNISTConfig) else "none"
    eval_set = image_set if binarise == "none" else _binarised(image_set, binarise)
    train_set = image_set if binarise == "dynamic" else eval_set
    return Splits(
        train=Split(train_set, train),
        val=Split(eval_set, val),
        test=Split(eval_set, test),
        resample=binarise == "dynamic",
    )


def _binarised(image_set: ImageSet, how: Binarise) -> ImageSet:
    """The set with binary images: thresholded, or one fixed sample."""
    assert isinstance(image_set.images, ByteImages)
    binary = thresholded if how == "threshold" else fixed_sample
    return image_set.with_images(binary(image_set.images))


def divide(
    image_set: ImageSet, test_fraction: float | None, val_fraction: float, seed: int, what: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of the training, validation and test images, each int64 and ascending.

    Args:
        image_set: the set to divide.
        test_fraction: share of all images to test on; unused where the set has its own test split.
        val_fraction: share of the images outside the test split to validate on.
        seed: decides which.
        what: the set's name, for errors.

    Raises:
        DataError: where a split would be empty.
    """
    pool = image_set.train_pool
    order = pool[torch.from_numpy(permutation(seed, Stream.SPLIT, len(pool)))]
    test = image_set.test
    if test is None:
        taken = test_count(len(order), test_fraction or 0.0, what)
        test, order = order[:taken], order[taken:]
    taken = val_count(len(order), val_fraction, what)
    val, train = order[:taken], order[taken:]
    return train.sort().values, val.sort().values, test.sort().values


def place(splits: Splits, device: torch.device) -> Splits:
    """The same splits with their images on `device` where half its free memory holds them.

    Otherwise, on devices that cannot tell their free memory, and where training images are
    binarised anew (on the CPU), they stay on the host and batches are moved one by one.
    """
    if device.type != "cuda" or splits.resample:
        return splits
    # The splits share their sets, and a set must not be copied once for each of them.
    sets = {id(split.image_set): split.image_set for split in _each(splits)}
    free, _ = torch.cuda.mem_get_info(device)
    if sum(image_set.images.nbytes for image_set in sets.values()) > DEVICE_MEMORY_SHARE * free:
        return splits
    moved = {key: each.with_images(each.images.to(device)) for key, each in sets.items()}
    train, val, test = (Split(moved[id(s.image_set)], s.indices) for s in _each(splits))
    return replace(splits, train=train, val=val, test=test)


def _each(splits: Splits) -> tuple[Split, Split, Split]:
    return splits.train, splits.val, splits.test
