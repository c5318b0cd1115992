"""Many images in one picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Picture = npt.NDArray[np.uint8]
Limits = tuple[float, float]

WIDEST = 900
_GAP = 2
# Seen beside black images and beside white ones.
_GAP_GREY = 190


def tile(images: Tensor, beside: int = 0) -> Picture:
    """Lay images out in rows and columns with thin grey gaps, enlarged to at most 900 pixels.

    Args:
        images: (rows, columns, channels, height, width), values in [0, 1]. Of two channels the
            first is shown, of more than three the first three. NaN is as grey as the gaps.
        beside: columns of other pictures that share the 900 pixels.

    Returns:
        (height, width) for grey images, (height, width, 3) for colour ones.
    """
    levels = (visible(images).clamp(0, 1) * 255).nan_to_num(nan=_GAP_GREY)
    shown = levels.round().to(torch.uint8).cpu().numpy()
    columns = images.shape[1] + beside
    shown = _enlarge(shown, max(1, (WIDEST - _GAP * columns) // (columns * images.shape[-1])))
    # A gap behind each image in both directions, and none at the picture's own edge.
    spaced = np.pad(shown, [(0, 0)] * 3 + [(0, _GAP)] * 2, constant_values=_GAP_GREY)
    rows, columns, channels, high, wide = spaced.shape
    picture = spaced.transpose(0, 3, 1, 4, 2).reshape(rows * high, columns * wide, channels)
    picture = picture[:-_GAP, :-_GAP]
    return picture[:, :, 0] if channels == 1 else picture


def stack(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one width above each other, further apart than the images in them."""
    gap = [(0, 3 * _GAP)] + [(0, 0)] * (pictures[0].ndim - 1)
    spaced = [np.pad(picture, gap, constant_values=_GAP_GREY) for picture in pictures]
    return np.concatenate(spaced)[: -3 * _GAP]


def visible(images: Tensor) -> Tensor:
    """The channels that can be seen, grey or colour: (..., 1 or 3, height, width)."""
    return images[..., : 3 if images.shape[-3] >= 3 else 1, :, :]


def columns_that_fit(width: int, most: int) -> int:
    """How many images of `width` pixels stand side by side in a picture, at most `most`."""
    return max(1, min(most, (WIDEST + _GAP) // (width + _GAP)))


def pixel_limits(images: Tensor) -> Limits:
    """The values to show as black and white: 0 and 1, or the extremes of images beyond them."""
    finite = images[images.isfinite()]
    if not len(finite):
        return (0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def scaled(images: Tensor, limits: Limits) -> Tensor:
    """Images with `limits` moved to 0 and 1, and what lies beyond them cut off."""
    low, high = limits
    return ((images - low) / max(high - low, 1e-12)).clamp(0, 1)


def _enlarge(images: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    return images.repeat(factor, axis=-2).repeat(factor, axis=-1)
