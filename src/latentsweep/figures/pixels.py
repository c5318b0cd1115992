"""Images as numbers of a table."""

from collections.abc import Sequence
from itertools import product

from torch import Tensor

_DIGITS = 4


def pixel_columns(shape: Sequence[int]) -> list[str]:
    """Names of an image's pixels, (channels, height, width): `c0y3x5` is channel 0, row 3."""
    return [f"c{c}y{y}x{x}" for c, y, x in product(*map(range, shape))]


def pixel_cells(image: Tensor) -> list[float]:
    """An image's pixels in the order of `pixel_columns`, to four digits behind the point."""
    cells: list[float] = image.double().flatten().tolist()
    return [round(cell, _DIGITS) for cell in cells]
