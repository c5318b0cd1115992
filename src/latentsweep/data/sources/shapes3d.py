"""3D Shapes (Burgess & Kim 2018, github.com/google-deepmind/3d-shapes): 480,000 images of 64x64."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from latentsweep.config.data import Shapes3DConfig
from latentsweep.data.checksums import Checksum
from latentsweep.data.converted import Conversion, converted_release
from latentsweep.data.fetch import Release, RemoteFile
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages, tensor_over
from latentsweep.errors import DataError

_AT_ONCE = 2048

FACTOR_NAMES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
FACTOR_SIZES = (10, 10, 10, 8, 4, 15)
# Hues go round in ten steps; the orientation is that of a camera that moves to and fro.
FACTOR_PERIODS = (10, 10, 10, 0, 0, 0)
RELEASE = Release(
    name="shapes3d",
    files=(
        RemoteFile(
            "3dshapes.h5",
            Checksum("md5", "099a2078d58cec4daad0702c55d06868"),
            "https://storage.googleapis.com/3d-shapes/3dshapes.h5",
        ),
    ),
)


def read(config: Shapes3DConfig, release: Release = RELEASE) -> ImageSet:
    """Read 3D Shapes with its six factors; converted once (5.9 GB) and then memory-mapped.

    Raises:
        DataError: where the file is missing or corrupt.
        StorageError: where it, or the converted images, cannot be written.
    """
    result = converted_release(release, config, _convert)
    return ImageSet(
        images=ByteImages(tensor_over(result.images), divisor=255),
        digest=result.digest,
        mapped=True,
        origin=str(Path(config.dir) / release.name),
        factors=None if result.factors is None else torch.from_numpy(result.factors),
        factor_names=FACTOR_NAMES,
        factor_sizes=FACTOR_SIZES,
        factor_periods=FACTOR_PERIODS,
    )


def _convert(path: Path) -> Conversion:
    import h5py

    try:
        with h5py.File(path) as file:
            count, height, width, channels = file["images"].shape
            values = np.asarray(file["labels"])
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} cannot be read as 3D Shapes", found=str(error)) from error
    # The file holds each factor's value; its index is the value's rank.
    columns = [np.unique(column, return_inverse=True)[1] for column in values.T]
    factors = np.stack(columns, axis=1).astype(np.uint8)
    return Conversion((count, channels, height, width), _pieces(path, count), factors)


def _pieces(path: Path, count: int) -> Iterator[np.ndarray]:
    import h5py

    with h5py.File(path) as file:
        images = file["images"]
        for start in range(0, count, _AT_ONCE):
            yield images[start : start + _AT_ONCE].transpose(0, 3, 1, 2)
