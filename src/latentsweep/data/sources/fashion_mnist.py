"""Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): 70,000 grey images of 28x28."""

from pathlib import Path

from latentsweep.config.data import FashionMNISTConfig
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

_ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
# Of the decompressed files: Debian's package compresses them anew.
_SHA256 = {
    TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

RELEASE = Release(
    name="fashion_mnist",
    files=tuple(
        RemoteFile(f"{name}.gz", Checksum("sha256", value), f"{_ADDRESS}/{name}.gz")
        for name, value in _SHA256.items()
    ),
    system_dir=Path("/usr/share/datasets/fashion-mnist"),
    debian_package="dataset-fashion-mnist",
)


def read(config: FashionMNISTConfig) -> ImageSet:
    """Read Fashion-MNIST: 60,000 training and 10,000 test images with 10 classes.

    Raises:
        DataError: where a file is missing or corrupt.
        StorageError: where fetched files cannot be written.
    """
    return read_idx_set(RELEASE, Path(config.dir), config.download)
