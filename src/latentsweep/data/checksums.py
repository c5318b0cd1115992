"""Checksums of data files, and the digest that identifies a data set."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from latentsweep.errors import DataError

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Checksum:
    """The digest that a file's content must have; of the decompressed bytes for a `.gz` file."""

    algorithm: Literal["md5", "sha256"]
    value: str


def read_verified(path: Path, checksum: Checksum) -> bytes:
    """The decompressed content of `path`.

    Raises:
        DataError: where the file cannot be read or its content is another.
    """
    parts = list(_decompressed(path))
    _check(path, parts, checksum)
    return b"".join(parts)


def verify(path: Path, checksum: Checksum) -> None:
    """Check the content of `path` without holding it in memory.

    Raises:
        DataError: where the file cannot be read or its content is another.
    """
    _check(path, _decompressed(path), checksum)


class ContentDigest:
    """sha256 over types, shapes and values of arrays, given whole or piece by piece."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def begin(self, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        """Announce an array whose bytes follow in C order."""
        self._hash.update(f"{dtype.str} {shape};".encode())

    def update(self, data: bytes | memoryview) -> None:
        """Add some of its bytes."""
        self._hash.update(data)

    def add(self, array: np.ndarray) -> None:
        """Add a whole array, which need not be contiguous."""
        self.begin(array.dtype, array.shape)
        rows = max(1, _CHUNK * len(array) // max(1, array.nbytes))
        for start in range(0, len(array), rows):
            self.update(np.ascontiguousarray(array[start : start + rows]).data)

    def hex(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()


def content_digest(*arrays: np.ndarray | None) -> str:
    """sha256 over types, shapes and values of those arrays that are not None."""
    digest = ContentDigest()
    for array in arrays:
        if array is not None:
            digest.add(array)
    return digest.hex()


def _decompressed(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read",
            found=str(error),
            expected="a complete, readable file",
            mend=f"delete {path} and run again, or copy it again",
        ) from error


def _check(path: Path, parts: Iterator[bytes] | list[bytes], checksum: Checksum) -> None:
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    for part in parts:
        digest.update(part)
    if digest.hexdigest() != checksum.value:
        raise DataError(
            f"{path} has the wrong content",
            found=f"{checksum.algorithm} {digest.hexdigest()}",
            expected=f"{checksum.algorithm} {checksum.value}",
            mend=f"delete {path} and run again, or copy it again",
        )
