"""Which latents carry information, epoch by epoch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LABELS = 32


def kl_heatmap(kl: npt.ArrayLike, epochs: Sequence[int]) -> "Figure":
    """One heat map of the KL of each latent, the one with most at the last epoch on top.

    Args:
        kl: mean KL in nats per image, (epochs, latent).
        epochs: the epoch of each row of `kl`.
    """
    from matplotlib.figure import Figure

    values = np.asarray(kl, dtype=float)
    order = np.argsort(-values[-1], kind="stable")
    latents = len(order)
    height = float(np.clip(1.4 + 0.22 * latents, 2.8, 7.0))
    figure = Figure(figsize=(7.5, height), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    # cividis reads the same with and without colour vision; its dark end is a collapsed latent.
    drawn = axes.imshow(
        values[:, order].T, aspect="auto", cmap="cividis", vmin=0.0, interpolation="nearest"
    )
    rows = np.arange(0, latents, -(-latents // _MOST_LABELS))
    axes.set_yticks(rows, [str(order[row]) for row in rows], fontsize=8)
    columns = np.unique(np.linspace(0, len(epochs) - 1, min(len(epochs), 11)).round().astype(int))
    axes.set_xticks(columns, [str(epochs[column]) for column in columns], fontsize=8)
    axes.set_xlabel("epoch")
    axes.set_ylabel("latent, by KL at the last epoch")
    axes.set_title("KL of each latent", loc="left")
    figure.colorbar(drawn, ax=axes, label="nats per image", pad=0.02)
    return figure
