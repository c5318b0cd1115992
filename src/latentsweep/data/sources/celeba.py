"""CelebA (Liu et al. 2015, arXiv:1411.7766), aligned and cropped: 202,599 faces in colour.

Its licence and its host do not allow fetching: `img_align_celeba.zip` is placed by hand.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from latentsweep.config.data import CelebAConfig
from latentsweep.data.checksums import Checksum, verify
from latentsweep.data.converted import Conversion, converted
from latentsweep.data.image_files import UnreadableImageError, read_image
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages, tensor_over
from latentsweep.errors import DataError

_AT_ONCE = 512


@dataclass(frozen=True)
class Archive:
    """The published zip file.

    Attributes:
        checksum: of the file.
        first_test: position of the first image of the official test split, which goes to the end
            (`list_eval_partition.txt`: images 182,638 to 202,599).
    """

    checksum: Checksum
    first_test: int


ARCHIVE = Archive(Checksum("md5", "00d2c5bc6d35e252742224ab0c1e8fcb"), first_test=182_637)


def read(config: CelebAConfig, archive: Archive = ARCHIVE) -> ImageSet:
    """Read CelebA, each image's centre square resized; converted once and then memory-mapped.

    Raises:
        DataError: where the zip file is missing or corrupt.
        StorageError: where the converted images cannot be written.
    """
    directory = Path(config.dir) / "celeba"
    path = directory / "img_align_celeba.zip"
    size = config.image_size
    result = converted(directory / f"{size}x{size}", lambda: _convert(path, size, archive))
    return ImageSet(
        images=ByteImages(tensor_over(result.images), divisor=255),
        digest=result.digest,
        mapped=True,
        origin=str(path),
        test=torch.arange(archive.first_test, len(result.images)),
    )


def _convert(path: Path, size: int, archive: Archive) -> Conversion:
    if not path.is_file():
        raise DataError(
            "celeba is not on this machine, and cannot be fetched",
            found=f"no {path}",
            expected="the file img_align_celeba.zip (1.44 GB)",
            mend="download it from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html and put it "
            f"into {path.parent.absolute()}/",
        )
    verify(path, archive.checksum)
    with zipfile.ZipFile(path) as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))
    return Conversion((len(names), 3, size, size), _pieces(path, names, size))


def _pieces(path: Path, names: list[str], size: int) -> Iterator[np.ndarray]:
    with zipfile.ZipFile(path) as file, ThreadPoolExecutor(os.cpu_count()) as pool:

        def decode(name: str) -> np.ndarray:
            try:
                return read_image(io.BytesIO(file.read(name)), 3, size)
            except UnreadableImageError as error:
                raise DataError(f"{path}: {name} cannot be read", found=str(error)) from error

        for start in range(0, len(names), _AT_ONCE):
            yield np.stack(list(pool.map(decode, names[start : start + _AT_ONCE])))
