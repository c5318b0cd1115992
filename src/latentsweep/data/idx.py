"""The IDX format of MNIST and its relatives, and the data sets that consist of four such files.

Format: http://yann.lecun.com/exdb/mnist/ (two zero bytes, a type code, the number of dimensions,
then each dimension as a big-endian 32-bit number, then the values).
"""

import math
from pathlib import Path

import numpy as np
import torch

from latentsweep.data.checksums import content_digest, read_verified
from latentsweep.data.fetch import Release, obtain
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages
from latentsweep.errors import DataError

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"

_UNSIGNED_BYTE = 8


def parse_idx(content: bytes, what: str) -> np.ndarray:
    """The array of unsigned bytes that an IDX file holds.

    Args:
        content: the decompressed file.
        what: the file's name, for errors.

    Raises:
        DataError: where the header is none, or the length contradicts it.
    """
    header = content[:4]
    if len(header) < 4 or header[:2] != b"\0\0" or header[2] != _UNSIGNED_BYTE or not header[3]:
        raise DataError(
            f"{what} is no IDX file of unsigned bytes",
            found=f"first bytes {header.hex(' ') or 'none'}",
            expected="00 00 08 and the number of dimensions",
            mend="copy the file again",
        )
    start = 4 + 4 * header[3]
    sizes = content[4:start]
    shape = tuple(int(size) for size in np.frombuffer(sizes[: len(sizes) // 4 * 4], ">u4"))
    expected = start + math.prod(shape)
    if len(content) != expected or len(shape) != header[3]:
        raise DataError(
            f"{what} is truncated or too long",
            found=f"{len(content)} bytes",
            expected=f"{expected} bytes for {header[3]} dimensions {shape}",
            mend="copy the file again",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_idx_set(release: Release, directory: Path, download: bool) -> ImageSet:
    """A data set of four IDX files: training and test images with their labels.

    Args:
        release: the files, whose names are MNIST's, with or without `.gz`.
        directory: the user's data directory.
        download: whether missing files may be fetched.

    Raises:
        DataError: where a file is missing, corrupt or of the wrong form.
        StorageError: where fetched files cannot be written.
    """
    paths = obtain(release, directory, download)
    arrays = {
        file.name.removesuffix(".gz"): parse_idx(
            read_verified(paths[file.name], file.checksum), str(paths[file.name])
        )
        for file in release.files
    }
    images = np.concatenate([arrays[TRAIN_IMAGES], arrays[TEST_IMAGES]])[:, None]
    labels = np.concatenate([arrays[TRAIN_LABELS], arrays[TEST_LABELS]]).astype(np.int64)
    return ImageSet(
        images=ByteImages(torch.from_numpy(images), divisor=255),
        digest=content_digest(images, labels),
        origin=str(paths[release.files[0].name].parent),
        labels=torch.from_numpy(labels),
        test=torch.arange(len(arrays[TRAIN_IMAGES]), len(images)),
    )
