"""Images in memory, indexed a whole batch at a time and turned into float32 per batch.

Kept as they come (8-bit pixels, packed bits or float32), since float32 copies of the larger sets
would not fit: 12.1 GB instead of 0.38 GB for 737,280 binary images of 64x64.

On the CPU batches are made with numpy, in one thread: they are too small to share among threads,
and where several processes share the cores torch's threads wait for each other (measured for 128
images of 28x28: 0.06 ms here, 36 ms with torch's two threads on two busy cores).
"""

import math
import warnings
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from latentsweep.data.read_ahead import read_ahead
from latentsweep.data.sending import sent

ImageShape = tuple[int, int, int]


class ImageStore(Protocol):
    """n images of one shape."""

    @property
    def shape(self) -> ImageShape:
        """(channels, height, width) of one image."""

    @property
    def nbytes(self) -> int:
        """Bytes that the pixels occupy."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Self:
        """The same images on `device`."""

    def batch(self, indices: Tensor) -> Tensor:
        """The images at `indices` (b,), on the store's device: float32 (b, c, h, w), a new tensor.

        Args:
            indices: int64 (b,), on any device.
        """

    def read_ahead(self, indices: Tensor) -> None:
        """Have the images at `indices` (b,) read soon; only for a store over a file."""


@dataclass(frozen=True)
class _PixelImages:
    """What stores with a number for each pixel have in common."""

    pixels: Tensor

    @property
    def shape(self) -> ImageShape:
        """(channels, height, width) of one image."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    @property
    def nbytes(self) -> int:
        """Bytes that the pixels occupy."""
        return self.pixels.nbytes

    def __len__(self) -> int:
        return len(self.pixels)

    def to(self, device: torch.device) -> Self:
        """The same images on `device`."""
        return replace(self, pixels=self.pixels.to(device))

    def read_ahead(self, indices: Tensor) -> None:
        """See `ImageStore`."""
        read_ahead(self.pixels, indices)

    def _chosen(self, indices: Tensor) -> Tensor:
        """The pixels at `indices` (b,) as they are kept, where they are kept: (b, c, h, w)."""
        if self.pixels.device.type == "cpu":
            return torch.from_numpy(self.pixels.numpy()[indices.cpu().numpy()])
        return self.pixels.index_select(0, sent(indices, self.pixels.device))


@dataclass(frozen=True)
class ByteImages(_PixelImages):
    """Whole-numbered pixels, divided by `divisor` when a batch is made.

    Attributes:
        pixels: uint8 or bool (n, c, h, w); may lie in a memory map.
        divisor: the pixel value that stands for 1: 255, for digits 16, for bool 1.
    """

    divisor: int

    def levels(self, indices: Tensor) -> Tensor:
        """The undivided pixels at `indices` (b,) of images on the CPU: (b, c, h, w)."""
        assert self.pixels.device.type == "cpu"
        return self._chosen(indices)

    def batch(self, indices: Tensor) -> Tensor:
        """The images at `indices` (b,): float32 (b, c, h, w) in [0, 1]."""
        chosen = self._chosen(indices)
        if chosen.device.type == "cpu":
            return torch.from_numpy(np.divide(chosen.numpy(), self.divisor, dtype=np.float32))
        return chosen.float() / self.divisor


@dataclass(frozen=True)
class FloatImages(_PixelImages):
    """Pixels as float32 numbers, handed out as they are.

    Attributes:
        pixels: float32 (n, c, h, w); may lie in a memory map.
    """

    def batch(self, indices: Tensor) -> Tensor:
        """The images at `indices` (b,): float32 (b, c, h, w)."""
        return self._chosen(indices)


@dataclass(frozen=True)
class PackedImages:
    """Binary images, eight pixels a byte.

    Attributes:
        bits: uint8 (n, ceil(c * h * w / 8)), as `numpy.packbits` makes it: the first pixel is the
            highest bit of the first byte.
        shape: (channels, height, width) of one image.
    """

    bits: Tensor
    shape: ImageShape

    @classmethod
    def pack(cls, pixels: Tensor) -> "PackedImages":
        """Pack bool (n, c, h, w)."""
        count, channels, height, width = pixels.shape
        bits = np.packbits(pixels.reshape(count, -1).numpy(), axis=1)
        return cls(torch.from_numpy(bits), (channels, height, width))

    @property
    def nbytes(self) -> int:
        """Bytes that the bits occupy."""
        return self.bits.nbytes

    def __len__(self) -> int:
        return len(self.bits)

    def to(self, device: torch.device) -> Self:
        """The same images on `device`."""
        return replace(self, bits=self.bits.to(device))

    def read_ahead(self, indices: Tensor) -> None:
        """See `ImageStore`."""
        read_ahead(self.bits, indices)

    def batch(self, indices: Tensor) -> Tensor:
        """The images at `indices` (b,): float32 (b, c, h, w) of zeros and ones."""
        count = math.prod(self.shape)
        if self.bits.device.type == "cpu":
            chosen = self.bits.numpy()[indices.cpu().numpy()]
            pixels = np.unpackbits(chosen, axis=1, count=count).astype(np.float32)
            return torch.from_numpy(pixels).reshape(-1, *self.shape)
        bits = self.bits.index_select(0, sent(indices, self.bits.device))
        return unpack_by_shifts(bits)[:, :count].float().reshape(-1, *self.shape)


def tensor_over(array: np.ndarray) -> Tensor:
    """A tensor over an array's own memory, which may be a read-only memory map."""
    with warnings.catch_warnings():
        # torch warns of memory it may not write; a store never writes to its pixels.
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(array)


def unpack_by_shifts(bits: Tensor) -> Tensor:
    """What `numpy.unpackbits` does, on any device: uint8 (b, k) -> uint8 (b, 8 * k)."""
    shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=bits.device)
    return (bits.unsqueeze(-1) >> shifts).bitwise_and_(1).flatten(1)
