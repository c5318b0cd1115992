"""Images in `.npy` and `.npz` files: header, layout, values."""

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentsweep.config.data import Layout
from latentsweep.errors import DataError

_ROWS_AT_ONCE = 1 << 22
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class ArrayFile:
    """An array of images in a file, before layout and type are changed.

    Attributes:
        path: the file.
        array: as stored; a read-only memory map where the file is a `.npy`.
        layout: order of the axes behind the first: "hw", "chw" or "hwc".
    """

    path: Path
    array: np.ndarray
    layout: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one image."""
        axes = self.array.shape[1:]
        if self.layout == "hw":
            return 1, axes[0], axes[1]
        return (axes[2], axes[0], axes[1]) if self.layout == "hwc" else (axes[0], axes[1], axes[2])

    def images(self) -> np.ndarray:
        """The images (n, c, h, w) in C order: bool and uint8 as they are, others as float32."""
        array = self.array
        if array.dtype.kind == "f":
            array = array.astype(np.float32, copy=False)
        if self.layout == "hwc":
            array = array.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(array.reshape(len(array), *self.image_shape))

    def pixel_range(self) -> tuple[float, float]:
        """Least and greatest value that a pixel can have.

        Raises:
            DataError: where a value is NaN or infinite, or 8-bit pixels are all 0 or 1.
        """
        if self.array.dtype.kind == "f":
            return self._float_range()
        if self.array.dtype == np.uint8 and self.array.max() <= 1:
            raise DataError(
                f"{self.path}: 8-bit pixels are divided by 255, and these would be all but black",
                found="uint8 values that are all 0 or 1",
                expected="uint8 values from 0 to 255, or bool for binary images",
                mend="save the array with .astype(bool)",
            )
        return 0.0, 1.0

    def _float_range(self) -> tuple[float, float]:
        low, high, broken, first = math.inf, -math.inf, 0, -1
        rows = max(1, _ROWS_AT_ONCE * len(self.array) // self.array.size)
        for start in range(0, len(self.array), rows):
            # A float64 may be finite and yet too large for the float32 that it becomes.
            with np.errstate(over="ignore"):
                chunk = self.array[start : start + rows].astype(np.float32, copy=False)
            wrong = ~np.isfinite(chunk)
            if wrong.any():
                first = start + int(np.argwhere(wrong)[0, 0]) if not broken else first
                broken += int(wrong.sum())
            low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
        if broken:
            raise DataError(
                f"{self.path} holds pixels that are not finite",
                found=f"{broken} NaN or infinite values, the first in image {first}",
                expected="finite float32 values",
                mend="replace these values or leave these images out",
            )
        return low, high


def open_array(path: Path, layout: Layout) -> ArrayFile:
    """Open the images of `path`: the array of a `.npy`, `data` or the only array of a `.npz`.

    Raises:
        DataError: where the file cannot be read, or the array's type or shape is no images'.
    """
    array = _load(path)
    if not (array.dtype == np.uint8 or array.dtype.kind in "bf"):
        raise DataError(
            f"{path} holds an array of type {array.dtype}",
            found=str(array.dtype),
            expected="uint8 (0 to 255), bool, or a floating-point type",
            mend="convert it with .astype(...) and save it again",
        )
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise _wrong_shape(path, array, "(n, h, w), (n, c, h, w) or (n, h, w, c), nothing of it 0")
    return ArrayFile(path, array, _resolve(path, array, layout))


def read_column(path: Path, key: str, count: int, ndim: int) -> np.ndarray | None:
    """Integers that a `.npz` keeps for each image under `key`, as int64; None without them.

    Raises:
        DataError: where they are not whole numbers, or not as many as the images.
    """
    if path.suffix != ".npz":
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            column = archive[key] if key in archive.files else None
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if column is None:
        return None
    if column.dtype.kind not in "iub" or column.ndim != ndim or len(column) != count:
        raise DataError(
            f"{path}: `{key}` does not fit the images",
            found=f"{column.dtype} of shape {column.shape}",
            expected=f"integers of shape ({count},{' factors' if ndim == 2 else ''})",
            mend=f"save one row of `{key}` for each image, or leave `{key}` out",
        )
    if column.size and column.min() < 0:
        raise DataError(
            f"{path}: `{key}` has negative entries",
            found=f"least entry {column.min()}",
            expected="indices that count from 0",
            mend=f"number the values of `{key}` from 0",
        )
    indices: np.ndarray = column.astype(np.int64)
    return indices


def _load(path: Path) -> np.ndarray:
    if path.suffix not in (".npy", ".npz") or not path.is_file():
        raise DataError(
            f"data.path={path} is no array file",
            found="another kind of file" if path.exists() else "nothing there",
            expected="a .npy or .npz file",
            mend="set data.path to the file that holds your images",
        )
    try:
        if path.suffix == ".npy":
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
            return array
        with np.load(path, allow_pickle=False) as archive:
            member: np.ndarray = archive[_key(path, archive.files)]
            return member
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _key(path: Path, keys: list[str]) -> str:
    if "data" in keys:
        return "data"
    images = [key for key in keys if key not in ("labels", "factors")]
    if len(images) != 1:
        raise DataError(
            f"{path} does not say which array holds the images",
            found=", ".join(keys) or "no arrays",
            expected="an array named `data`, or a single array",
            mend="save the images under the name `data`",
        )
    return images[0]


def _resolve(path: Path, array: np.ndarray, layout: Layout) -> str:
    if (array.ndim == 3) != (layout == "hw") and layout != "auto":
        raise _wrong_shape(path, array, f"{'(n, h, w)' if layout == 'hw' else '4 axes'} ({layout})")
    if array.ndim == 3:
        return "hw"
    if layout != "auto":
        return layout
    channel_first, channel_last = array.shape[1] in (1, 3), array.shape[3] in (1, 3)
    if channel_first == channel_last:
        raise _wrong_shape(path, array, "1 or 3 entries in either the second or the last axis")
    return "chw" if channel_first else "hwc"


def _wrong_shape(path: Path, array: np.ndarray, expected: str) -> DataError:
    return DataError(
        f"{path}: the array's shape does not say which axes are the image's",
        found=str(array.shape),
        expected=expected,
        mend="set data.layout to hw, chw or hwc, or save the array in one of these shapes",
    )


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be read",
        found=str(error),
        expected="a complete .npy or .npz file without Python objects",
        mend="save it again with numpy.save or numpy.savez",
    )
