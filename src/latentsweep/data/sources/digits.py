"""scikit-learn's digits (Alpaydin & Kaynak 1998): 1,797 grey images of 8x8, no download."""

import numpy as np
import torch

from latentsweep.config.data import DigitsConfig
from latentsweep.data.checksums import content_digest
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages


def read(config: DigitsConfig) -> ImageSet:  # noqa: ARG001 - every source has this signature
    """Read the digits with their 10 classes; pixels are 0 to 16 in the file."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = digits.images.astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    return ImageSet(
        images=ByteImages(torch.from_numpy(images), divisor=16),
        digest=content_digest(images, labels),
        origin="scikit-learn",
        labels=torch.from_numpy(labels),
    )
