"""What a data set will look like, told without reading it whole and without torch."""

from pathlib import Path
from typing import assert_never

from latentsweep.config.data import (
    ArraysConfig,
    CelebAConfig,
    DataConfig,
    DataDescription,
    DigitsConfig,
    DSpritesConfig,
    FashionMNISTConfig,
    ImageFolderConfig,
    MNISTConfig,
    Shapes3DConfig,
    SpritesRenderedConfig,
)
from latentsweep.data.array_file import open_array
from latentsweep.data.division import test_count, val_count
from latentsweep.data.image_files import image_size, list_images


def describe(config: DataConfig) -> DataDescription:
    """Shape, count and range of the configured set.

    Published sets are known; of a user's own set the folder is listed or the array's header and,
    for floating-point pixels, its values are read.

    Raises:
        DataError: where a user's own set is missing or of the wrong form, or the set is too small
            to divide.
    """
    low, high = 0.0, 1.0
    count: int
    match config:
        case FashionMNISTConfig() | MNISTConfig():
            shape, count = (1, 28, 28), 60_000
        case CelebAConfig(image_size=size):
            shape, count = (3, size, size), 182_637
        case DSpritesConfig() | SpritesRenderedConfig():
            shape, count = (1, 64, 64), 737_280
        case Shapes3DConfig():
            shape, count = (3, 64, 64), 480_000
        case DigitsConfig():
            shape, count = (1, 8, 8), 1_797
        case ImageFolderConfig():
            shape, count = _describe_folder(config)
        case ArraysConfig():
            file = open_array(Path(config.path), config.layout)
            shape, count = file.image_shape, len(file.array)
            low, high = file.pixel_range()
        case _:
            assert_never(config)
    if not isinstance(config, FashionMNISTConfig | MNISTConfig | CelebAConfig):
        count -= test_count(count, config.test_fraction, config.name)
    count -= val_count(count, config.val_fraction, config.name)
    return DataDescription(shape=shape, training_images=count, low=low, high=high)


def _describe_folder(config: ImageFolderConfig) -> tuple[tuple[int, int, int], int]:
    paths = list_images(Path(config.path))
    if config.image_size is not None:
        height = width = config.image_size
    else:
        height, width = image_size(paths[0])
    return (config.channels, height, width), len(paths)
