"""Schema of `conf/data/`: which images, where they lie, how they are split."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from latentsweep.config.component import Fraction, ImageSize, OpenFraction, Switch, Text, component

Binarise = Literal["none", "threshold", "static", "dynamic"]
Layout = Literal["auto", "hw", "chw", "hwc"]


@component
class SourceConfig:
    """What all data sets have in common."""

    dir: Text
    """Directory that holds downloaded data sets."""
    download: Switch
    """Whether a missing set may be fetched."""
    val_fraction: OpenFraction
    """Share of the training images set aside for validation, chosen by the seed alone."""


@component
class FashionMNISTConfig(SourceConfig):
    """Fashion-MNIST (Xiao et al. 2017): 60,000 + 10,000 grey images, 28x28."""

    name: Literal["fashion_mnist"] = "fashion_mnist"
    """Which data set this is."""


@component
class MNISTConfig(SourceConfig):
    """MNIST (LeCun et al. 1998): 60,000 + 10,000 grey images, 28x28."""

    name: Literal["mnist"] = "mnist"
    """Which data set this is."""
    binarise: Binarise
    """none: grey; threshold: on above 1/2; static: one fixed Bernoulli sample (as Larochelle's
    set); dynamic: a new Bernoulli sample each epoch (Burda et al. 2016)."""


@component
class UnsplitConfig(SourceConfig):
    """What data sets without a test split of their own have in common."""

    test_fraction: Fraction
    """Share of all images set aside for testing, chosen by the seed alone."""


@component
class SpritesRenderedConfig(UnsplitConfig):
    """dSprites' factor grid rendered here: 737,280 binary images, 64x64. Not dSprites itself."""

    name: Literal["sprites_rendered"] = "sprites_rendered"
    """Which data set this is."""


@component
class DSpritesConfig(UnsplitConfig):
    """dSprites (Matthey et al. 2017): 737,280 binary images, 64x64, with their factors."""

    name: Literal["dsprites"] = "dsprites"
    """Which data set this is."""


@component
class Shapes3DConfig(UnsplitConfig):
    """3D Shapes (Burgess & Kim 2018): 480,000 colour images, 64x64, with their factors."""

    name: Literal["shapes3d"] = "shapes3d"
    """Which data set this is."""


@component
class CelebAConfig(SourceConfig):
    """CelebA (Liu et al. 2015), aligned and cropped; placed by hand, official test split."""

    name: Literal["celeba"] = "celeba"
    """Which data set this is."""
    image_size: ImageSize
    """Height and width to which the centre square is resized."""


@component
class DigitsConfig(UnsplitConfig):
    """scikit-learn's digits: 1,797 grey images, 8x8; ships with the library."""

    name: Literal["digits"] = "digits"
    """Which data set this is."""


@component
class ImageFolderConfig(UnsplitConfig):
    """A folder of images, its subfolders included; a first-level subfolder is a label."""

    name: Literal["image_folder"] = "image_folder"
    """Which data set this is."""
    path: Text
    """The folder."""
    image_size: ImageSize | None
    """Height and width to which each image's centre square is resized; null: as they are, and
    all of one size."""
    channels: Literal[1, 3]
    """1: grey, 3: colour."""


@component
class ArraysConfig(UnsplitConfig):
    """Images in a `.npy` file, or under the key `data` (or the only key) of a `.npz` file."""

    name: Literal["arrays"] = "arrays"
    """Which data set this is."""
    path: Text
    """The file. A `.npz` may also hold `labels` (n,) and `factors` (n, factors)."""
    layout: Layout
    """Order of the axes behind the first; auto: the one with 1 or 3 entries is the channel."""


DataConfig = Annotated[
    FashionMNISTConfig
    | MNISTConfig
    | SpritesRenderedConfig
    | DSpritesConfig
    | Shapes3DConfig
    | CelebAConfig
    | DigitsConfig
    | ImageFolderConfig
    | ArraysConfig,
    Field(discriminator="name"),
]


@dataclass(frozen=True)
class DataDescription:
    """What the checks must know of a data set before it is read.

    Attributes:
        shape: (channels, height, width) of one image.
        training_images: number of images outside the test and validation splits.
        low: least possible pixel value.
        high: greatest possible pixel value.
    """

    shape: tuple[int, int, int]
    training_images: int
    low: float = 0.0
    high: float = 1.0

    @property
    def pixels(self) -> int:
        """Numbers in one image: channels * height * width."""
        channels, height, width = self.shape
        return channels * height * width
