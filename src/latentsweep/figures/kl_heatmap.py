"""Which latents carry information, epoch by epoch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from latentsweep.figures.latents import falling
from latentsweep.figures.style import SEQUENTIAL, blank, colour_bar, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LABELS = 32
_MOST_EPOCHS = 11


def kl_heatmap(kl: npt.ArrayLike, epochs: Sequence[int]) -> "Figure":
    """One heat map of the KL of each latent, the one with most at the last epoch on top.

    Args:
        kl: mean KL in nats per image, (epochs, latent).
        epochs: the epoch of each row of `kl`.
    """
    values = np.asarray(kl, dtype=float)
    order = falling(values[-1])
    latents = len(order)
    height = float(np.clip(1.4 + 0.22 * latents, 2.8, 7.0))
    figure = blank(height, width=7.5)
    axes = figure.add_subplot()
    # The dark end of the colours is a collapsed latent.
    drawn = axes.imshow(
        values[:, order].T, aspect="auto", cmap=SEQUENTIAL, vmin=0.0, interpolation="nearest"
    )
    rows = np.arange(0, latents, -(-latents // _MOST_LABELS))
    axes.set_yticks(rows, [str(order[row]) for row in rows])
    columns = range(0, len(epochs), -(-len(epochs) // _MOST_EPOCHS))
    axes.set_xticks(columns, [str(epochs[column]) for column in columns])
    style_axes(axes, title="KL of each latent", x="epoch", y="latent, by KL at the last epoch")
    colour_bar(axes, drawn, "nats per image")
    return figure
