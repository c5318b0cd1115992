"""Image files in a folder, read with Pillow."""

from pathlib import Path
from typing import IO

import numpy as np

from latentsweep.errors import DataError

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
# Pillow would clip these modes' values to 255 without a word.
_WIDE_MODES = ("I", "F")


class UnreadableImageError(Exception):
    """One file is no image, or none that can be used; the message says why."""


def list_images(folder: Path) -> list[Path]:
    """The image files in `folder` and its subfolders, hidden ones left out, in sorted order.

    Raises:
        DataError: where there is no such folder or no image in it.
    """
    if not folder.is_dir():
        raise DataError(
            f"data.path={folder} is no folder",
            found="a file" if folder.exists() else "nothing there",
            expected="a folder of images",
            mend="set data.path to the folder that holds your images",
        )
    names = sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    if not names:
        raise DataError(
            f"data.path={folder} holds no images",
            found="no file with an image's suffix",
            expected="files that end in " + ", ".join(sorted(SUFFIXES)),
            mend="set data.path to the folder that holds your images",
        )
    return [folder / name for name in names]


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) of the image in `path`, as it is meant to be seen.

    Raises:
        DataError: where it cannot be read.
    """
    try:
        return read_image(path, 1, None).shape[1:]
    except UnreadableImageError as error:
        raise DataError(
            f"{path} cannot be read as an image",
            found=str(error),
            expected="an image file",
            mend="delete the file or replace it",
        ) from error


def read_image(file: Path | IO[bytes], channels: int, size: int | None) -> np.ndarray:
    """The pixels of an image file: uint8 (channels, height, width).

    Args:
        file: path or open binary file.
        channels: 1 for grey, 3 for colour.
        size: height and width to which the centre square is resized (bilinear, smoothed where it
            shrinks); None leaves the image as it is.

    Raises:
        UnreadableImageError: where Pillow cannot read it, or it has more than 8 bits a channel.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            if opened.mode.startswith(_WIDE_MODES):
                raise UnreadableImageError(f"pixels of more than 8 bits (mode {opened.mode})")
            upright = ImageOps.exif_transpose(opened)
            image = upright.convert("L" if channels == 1 else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImageError(str(error)) from error
    if size is not None:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
