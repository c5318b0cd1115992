"""Binary images from grey ones."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from latentsweep.data.storage import ImageStore, PackedImages
from latentsweep.randomness import Stream, seed_of

_CHUNK = 4096


def bernoulli_sample(images: Tensor, seed: int) -> Tensor:
    """Each pixel on with its grey value as probability: float32 of zeros and ones.

    The probability is met to within 1/65,536: the uniform numbers have 16 bits, since those of 24
    cost more time than the rest of a batch. They come from the CPU, so that every device sees the
    same ones, and from numpy, which makes them in a fraction of torch's time.

    Args:
        images: float32 (b, c, h, w) in [0, 1].
        seed: seed of the uniform numbers.
    """
    words = np.random.SFC64(seed).random_raw(-(-images.numel() // 4))
    uniform = words.view(np.uint16)[: images.numel()].reshape(images.shape)
    if images.device.type == "cpu":
        # In one thread, for the reason given in `storage`.
        return torch.from_numpy((uniform < images.numpy() * np.float32(2**16)).astype(np.float32))
    wide = torch.from_numpy(uniform.astype(np.int32)).to(images.device)
    return (wide < images * 2**16).float()


def fixed_sample(images: ImageStore) -> PackedImages:
    """One Bernoulli sample of every image, which depends on nothing but the data."""
    return _packed(
        images, lambda grey, start: bernoulli_sample(grey, seed_of(0, Stream.BINARISE, start))
    )


def thresholded(images: ImageStore) -> PackedImages:
    """Each pixel on where it is above 1/2."""
    return _packed(images, lambda grey, _: grey > 0.5)


def _packed(images: ImageStore, binary: Callable[[Tensor, int], Tensor]) -> PackedImages:
    parts = []
    for start in range(0, len(images), _CHUNK):
        grey = images.batch(torch.arange(start, min(start + _CHUNK, len(images))))
        parts.append(PackedImages.pack(binary(grey, start).bool().cpu()).bits)
    return PackedImages(torch.cat(parts), images.shape)
