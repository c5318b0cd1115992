"""A factor's values as colours: steps for few values, a circle for those that come round."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from latentsweep.figures.style import SEQUENTIAL, cyclic

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize

_FEW = 10


@dataclass(frozen=True)
class Factor:
    """What one generative factor is of each point.

    Attributes:
        name: what it is called.
        values: a number of each point, (n,).
        period: by how much a circular factor grows until it is the same again; 0 for others.
    """

    name: str
    values: npt.ArrayLike
    period: float = 0.0


@dataclass(frozen=True)
class Shades:
    """How values become colours.

    Attributes:
        colours: the map.
        norm: from values to the map.
        ticks: values to be named at the map's scale; None leaves them to the scale.
    """

    colours: "Colormap"
    norm: "Normalize"
    ticks: Sequence[float] | None = None


def shades(factor: Factor) -> Shades:
    """One colour a value for ten values at most, else a scale without steps."""
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize

    found = np.asarray(factor.values, dtype=float)
    values = np.unique(found[np.isfinite(found)])
    whole = cyclic() if factor.period else colormaps[SEQUENTIAL]
    low, high = (0.0, factor.period) if factor.period else (values.min(), values.max())
    if len(values) > _FEW:
        return Shades(whole, Normalize(low, high))
    places = (values - low) / max(high - low, 1e-12)
    colours = ListedColormap(whole(places))
    return Shades(colours, BoundaryNorm(_edges(values), len(values)), values.tolist())


def _edges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Halfway between values, and as far beyond the outer ones."""
    steps = np.diff(values) if len(values) > 1 else np.ones(1)
    inner = values[:-1] + steps[: len(values) - 1] / 2
    return np.concatenate([[values[0] - steps[0] / 2], inner, [values[-1] + steps[-1] / 2]])
