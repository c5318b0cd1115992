"""Data sets converted once into arrays that can be memory-mapped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentsweep.config.data import SourceConfig
from latentsweep.data.checksums import ContentDigest, verify
from latentsweep.data.fetch import Release, obtain
from latentsweep.data.writing import make_once
from latentsweep.errors import DataError

_IMAGES, _FACTORS, _DIGEST = "images.npy", "factors.npy", "sha256"


@dataclass(frozen=True)
class Conversion:
    """What a source file holds, read piece by piece.

    Attributes:
        shape: of the array that all pieces make together; the first axis counts images.
        pieces: uint8 arrays, together of `shape`.
        factors: uint8 (n, f) indices of the factors' values, or None.
    """

    shape: tuple[int, ...]
    pieces: Iterable[np.ndarray]
    factors: np.ndarray | None = None


@dataclass(frozen=True)
class Converted:
    """A converted set.

    Attributes:
        images: uint8, a read-only memory map.
        factors: uint8 (n, f), or None.
        digest: sha256 over both.
    """

    images: np.ndarray
    factors: np.ndarray | None
    digest: str


def converted_release(
    release: Release, config: SourceConfig, convert: Callable[[Path], Conversion]
) -> Converted:
    """The one file of a release, fetched, verified and converted where that was not done before.

    Raises:
        DataError: where the file is missing or corrupt.
        StorageError: where it, or the converted images, cannot be written.
    """
    (file,) = release.files

    def make() -> Conversion:
        path = obtain(release, Path(config.dir), config.download)[file.name]
        verify(path, file.checksum)
        return convert(path)

    return converted(Path(config.dir) / release.name / "converted", make)


def converted(directory: Path, convert: Callable[[], Conversion]) -> Converted:
    """Open the conversion in `directory`, making it first where there is none.

    Raises:
        StorageError: where it cannot be written.
        DataError: where it is damaged.
    """
    make_once(directory, lambda made: _write(made, convert()))
    try:
        factors = directory / _FACTORS
        return Converted(
            images=np.load(directory / _IMAGES, mmap_mode="r", allow_pickle=False),
            factors=np.load(factors, allow_pickle=False) if factors.exists() else None,
            digest=(directory / _DIGEST).read_text().strip(),
        )
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"The converted data set in {directory} is damaged",
            found=str(error),
            expected=f"{_IMAGES} and {_DIGEST} as they were written",
            mend=f"delete {directory} and run again",
        ) from error


def _write(directory: Path, conversion: Conversion) -> None:
    # Written as a plain file: a full disk under a memory map kills the process.
    digest = ContentDigest()
    digest.begin(np.dtype(np.uint8), conversion.shape)
    with (directory / _IMAGES).open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": conversion.shape}
        np.lib.format.write_array_header_1_0(stream, header)
        written = 0
        for piece in conversion.pieces:
            data = np.ascontiguousarray(piece, dtype=np.uint8).data
            stream.write(data)
            digest.update(data)
            written += len(piece)
    if written != conversion.shape[0]:
        raise ValueError(f"{written} images converted, {conversion.shape[0]} announced")
    if conversion.factors is not None:
        np.save(directory / _FACTORS, conversion.factors, allow_pickle=False)
        digest.add(conversion.factors)
    (directory / _DIGEST).write_text(digest.hex())
