"""A user's own images in a `.npy` or `.npz` file."""

from pathlib import Path

import numpy as np
import torch

from latentsweep.config.data import ArraysConfig
from latentsweep.data.array_file import open_array, read_column
from latentsweep.data.checksums import content_digest
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages, FloatImages, ImageStore, tensor_over


def read(config: ArraysConfig) -> ImageSet:
    """Read the array, and the `labels` and `factors` of a `.npz`.

    8-bit pixels are divided by 255; floating-point pixels stay as they are, in float32. A `.npy`
    whose layout and type need no change is memory-mapped.

    Raises:
        DataError: where the file is missing, damaged or of the wrong form.
    """
    path = Path(config.path)
    file = open_array(path, config.layout)
    file.pixel_range()
    images = file.images()
    labels = read_column(path, "labels", len(images), ndim=1)
    factors = read_column(path, "factors", len(images), ndim=2)
    pixels = tensor_over(images)
    store: ImageStore
    if pixels.is_floating_point():
        store = FloatImages(pixels)
    else:
        store = ByteImages(pixels, divisor=1 if pixels.dtype == torch.bool else 255)
    sizes = () if factors is None else tuple(int(size) + 1 for size in factors.max(axis=0))
    return ImageSet(
        images=store,
        digest=content_digest(images, labels, factors),
        mapped=isinstance(images.base, np.memmap),
        origin=str(path),
        labels=None if labels is None else torch.from_numpy(labels),
        factors=None if factors is None else torch.from_numpy(factors),
        factor_names=tuple(f"factor_{index}" for index in range(len(sizes))),
        factor_sizes=sizes,
    )
