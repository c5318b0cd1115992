"""A user's own folder of images."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from latentsweep.config.data import ImageFolderConfig
from latentsweep.data.checksums import content_digest
from latentsweep.data.image_files import UnreadableImageError, list_images, read_image
from latentsweep.data.image_set import ImageSet
from latentsweep.data.storage import ByteImages
from latentsweep.errors import DataError

_NAMED = 20
_AT_ONCE = 512


def read(config: ImageFolderConfig) -> ImageSet:
    """Read every image below the folder, in the order of their paths.

    The first-level subfolder is the label where every image lies in one.

    Raises:
        DataError: where there are no images; or one that names the files, 20 at most, which
            cannot be read or, without `image_size`, differ in size from the first.
    """
    folder = Path(config.path)
    paths = list_images(folder)
    pixels: np.ndarray | None = None
    problems = []
    for index, image in enumerate(_decoded(paths, config)):
        if isinstance(image, str):
            problems.append(f"{paths[index]}: {image}")
            continue
        if pixels is None:
            pixels = np.empty((len(paths), *image.shape), np.uint8)
        if image.shape != pixels.shape[1:]:
            found, first = ("x".join(map(str, s[-2:])) for s in (image.shape, pixels.shape))
            problems.append(f"{paths[index]}: {found} pixels (height x width), not {first}")
            continue
        pixels[index] = image
    if problems or pixels is None:
        raise _unusable(folder, len(paths), problems)
    labels = _labels([path.relative_to(folder) for path in paths])
    return ImageSet(
        images=ByteImages(torch.from_numpy(pixels), divisor=255),
        digest=content_digest(pixels, labels),
        origin=str(folder),
        labels=None if labels is None else torch.from_numpy(labels),
    )


def _decoded(paths: list[Path], config: ImageFolderConfig) -> Iterator[np.ndarray | str]:
    def decode(path: Path) -> np.ndarray | str:
        try:
            return read_image(path, config.channels, config.image_size)
        except UnreadableImageError as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(paths), _AT_ONCE):
            yield from pool.map(decode, paths[start : start + _AT_ONCE])


def _labels(names: list[Path]) -> np.ndarray | None:
    if any(len(name.parts) == 1 for name in names):
        return None
    folders = [name.parts[0] for name in names]
    return np.unique(folders, return_inverse=True)[1].astype(np.int64)


def _unusable(folder: Path, count: int, problems: list[str]) -> DataError:
    more = len(problems) - _NAMED
    listed = problems[:_NAMED] + ([f"and {more} more"] if more > 0 else [])
    return DataError(
        f"data.path={folder}: {len(problems)} of {count} images cannot be used",
        found="\n            ".join(listed),
        expected="readable images, all of one size",
        mend="delete or replace these files; for mixed sizes set data.image_size",
    )
