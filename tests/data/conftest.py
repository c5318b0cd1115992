import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from latentsweep.data.checksums import Checksum
from latentsweep.data.fetch import Release, RemoteFile
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages


@pytest.fixture
def numbered() -> Callable[[int], ImageSet]:
    """A set whose image i holds the pixel value i everywhere."""

    def make(count: int) -> ImageSet:
        pixels = torch.arange(count, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)
        return ImageSet(ByteImages(pixels.contiguous(), divisor=1), digest="0", origin="made")

    return make


def idx_bytes(values: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


@pytest.fixture
def idx_release(tmp_path: Path) -> Release:
    """A release of 6 + 3 images of 4x5 that lies, compressed, in `tmp_path/upstream`."""
    generator = np.random.default_rng(0)
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    files = []
    for part, count in (("train", 6), ("t10k", 3)):
        images = generator.integers(0, 256, (count, 4, 5), dtype=np.uint8)
        labels = generator.integers(0, 10, count, dtype=np.uint8)
        for name, values in (
            (f"{part}-images-idx3-ubyte", images),
            (f"{part}-labels-idx1-ubyte", labels),
        ):
            content = idx_bytes(values)
            path = upstream / f"{name}.gz"
            path.write_bytes(gzip.compress(content))
            checksum = Checksum("sha256", hashlib.sha256(content).hexdigest())
            files.append(RemoteFile(path.name, checksum, path.as_uri()))
    return Release(name="tiny", files=tuple(files))
