"""dSprites (Matthey et al. 2017, github.com/google-deepmind/dsprites-dataset): 737,280 images."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from latentsweep.config.data import DSpritesConfig
from latentsweep.data.checksums import Checksum
from latentsweep.data.converted import Conversion, converted_release
from latentsweep.data.fetch import Release, RemoteFile
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import PackedImages, tensor_over

_FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
_AT_ONCE = 4096

SHAPE = (1, 64, 64)
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
FACTOR_SIZES = (3, 6, 40, 32, 32)
# The last orientation is a full turn, and so the first one again.
FACTOR_PERIODS = (0, 0, 39, 0, 0)
RELEASE = Release(
    name="dsprites",
    files=(
        RemoteFile(
            _FILE,
            Checksum("md5", "7da33b31b13a06f4b04a70402ce90c2e"),
            f"https://github.com/google-deepmind/dsprites-dataset/raw/master/{_FILE}",
        ),
    ),
)


def read(config: DSpritesConfig, release: Release = RELEASE) -> ImageSet:
    """Read dSprites with its factors; converted once to packed bits (378 MB) and memory-mapped.

    The colour factor, which has one value, is left out.

    Raises:
        DataError: where the file is missing or corrupt.
        StorageError: where it, or the converted images, cannot be written.
    """
    result = converted_release(release, config, _convert)
    return ImageSet(
        images=PackedImages(tensor_over(result.images), SHAPE),
        digest=result.digest,
        mapped=True,
        origin=str(Path(config.dir) / release.name),
        factors=None if result.factors is None else torch.from_numpy(result.factors),
        factor_names=FACTOR_NAMES,
        factor_sizes=FACTOR_SIZES,
        factor_periods=FACTOR_PERIODS,
    )


def _convert(path: Path) -> Conversion:
    # Its metadata is a Python 2 pickle and is never opened.
    with np.load(path, allow_pickle=False) as archive:
        factors = archive["latents_classes"][:, 1:].astype(np.uint8)
    return Conversion((len(factors), math.prod(SHAPE) // 8), _pieces(path, len(factors)), factors)


def _pieces(path: Path, count: int) -> Iterator[np.ndarray]:
    # Straight from the zip member: the array of bytes would take 3 GB.
    pixels = math.prod(SHAPE)
    with zipfile.ZipFile(path) as archive, archive.open("imgs.npy") as stream:
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        for start in range(0, count, _AT_ONCE):
            rows = min(_AT_ONCE, count - start)
            content = np.frombuffer(stream.read(rows * pixels), np.uint8)
            yield np.packbits(content.reshape(rows, pixels), axis=1)
