"""A whole data set: its images, what is known about each, and how it divides."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from latentsweep.data.storage import ImageStore


@dataclass(frozen=True)
class ImageSet:
    """All images of a data set, before validation images are set aside.

    Attributes:
        images: the pixels of all n images.
        digest: sha256 over the content; the data's identity in a run's record.
        origin: path of the file or directory it was read from, or "rendered".
        labels: int64 (n,) class of each image, or None.
        factors: integers (n, f): the index of each generative factor's value, or None.
        factor_names: f names.
        factor_sizes: number of values of each factor.
        factor_periods: steps after which each factor, if circular, is at its first value again; 0
            for a factor that has two ends.
        test: int64 (t,) indices of the official test split; None where the set has none.
        mapped: whether the pixels lie in a memory-mapped file.
    """

    images: ImageStore
    digest: str
    origin: str
    labels: Tensor | None = None
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    factor_periods: tuple[int, ...] = ()
    test: Tensor | None = None
    mapped: bool = False

    def __len__(self) -> int:
        return len(self.images)

    @property
    def train_pool(self) -> Tensor:
        """int64 (n - t,): the images outside the official test split."""
        everything = torch.ones(len(self), dtype=torch.bool)
        if self.test is not None:
            everything[self.test] = False
        return everything.nonzero().squeeze(1)

    def with_images(self, images: ImageStore) -> "ImageSet":
        """The same set with its pixels held in another way, in memory."""
        return replace(self, images=images, mapped=False)
