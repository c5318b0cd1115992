"""dSprites' factor grid rendered here, with nothing to download.

737,280 binary images of 64x64: shape (square, ellipse, heart) x scale x orientation x place. Most
frames equal dSprites' to the pixel, but not all: scores on one set are not scores on the other.
"""

import math

import numpy as np
import torch

from latentsweep.config.data import SpritesRenderedConfig
from latentsweep.data.checksums import content_digest
from latentsweep.data.image_set import ImageSet
from latentsweep.data.sprite_outlines import ellipse_crossings, heart, polygon_crossings, square
from latentsweep.data.storage import PackedImages

SIDE = 64
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
FACTOR_SIZES = (3, 6, 40, 32, 32)

_SHAPES, _SCALES, _ANGLES, _PLACES, _ = FACTOR_SIZES
# The last orientation is a full turn, and so the first one again.
FACTOR_PERIODS = (0, 0, _ANGLES - 1, 0, 0)
# Row k: a scanline's 64 pixels as bits, the first k of them on.
_FIRST_ON = np.packbits(np.tri(SIDE + 1, SIDE, -1, dtype=bool), axis=1).view(np.uint64)[:, 0]


def read(config: SpritesRenderedConfig) -> ImageSet:  # noqa: ARG001 - every source has this signature
    """Render all images, in the order of their factors: the last factor changes fastest."""
    bits = render()
    factors = np.indices(FACTOR_SIZES, dtype=np.uint8).reshape(len(FACTOR_SIZES), -1).T
    return ImageSet(
        images=PackedImages(torch.from_numpy(bits), (1, SIDE, SIDE)),
        digest=content_digest(bits),
        origin="rendered",
        factors=torch.from_numpy(np.ascontiguousarray(factors)),
        factor_names=FACTOR_NAMES,
        factor_sizes=FACTOR_SIZES,
        factor_periods=FACTOR_PERIODS,
    )


def render() -> np.ndarray:
    """All images as packed bits, uint8 (737280, 512).

    A pixel is on where its centre is inside the outline; there is no smoothing.
    """
    poses = (_SHAPES, _SCALES, _ANGLES)
    words = np.zeros((*poses, _PLACES, _PLACES, SIDE), np.uint64)
    for pose in np.ndindex(poses):
        _draw(words[pose], *pose)
    return words.view(np.uint8).reshape(math.prod(FACTOR_SIZES), SIDE * SIDE // 8)


def _draw(words: np.ndarray, shape: int, scale_index: int, orientation: int) -> None:
    """Draw one pose at all places into words (x, y, row), a word a scanline."""
    scale = 0.5 + 0.1 * scale_index
    # The last orientation is a full turn: the modulus makes it the first one to the bit.
    angle = 2 * math.pi * (orientation % (_ANGLES - 1)) / (_ANGLES - 1)
    centres = 16 + 32 * np.linspace(0, 1, _PLACES)
    heights = np.arange(SIDE) + 0.5 - centres[:, None]
    near = np.abs(heights) < 16 * scale
    crossings = _crossings(shape, scale, angle, heights[near])
    # Pixels of a row left of a crossing, for each x: their centres are at 0.5, 1.5, ...
    before = np.ceil(np.clip(crossings + centres[:, None, None] - 0.5, 0, SIDE)).astype(np.intp)
    # Even-odd rule: a pixel is inside where an odd number of crossings lies to its right.
    words[:, near] = np.bitwise_xor.reduce(_FIRST_ON[before], axis=-1)


def _crossings(shape: int, scale: float, angle: float, heights: np.ndarray) -> np.ndarray:
    if shape == 1:
        return ellipse_crossings(scale, angle, heights)
    return polygon_crossings(scale * (square() if shape == 0 else heart()), angle, heights)
