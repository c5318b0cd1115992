"""How much each latent carries."""

from math import fsum, isfinite

import numpy as np
import numpy.typing as npt

from latentsweep.figures.drawn import Drawn
from latentsweep.figures.latents import MOST_LATENTS, falling, out_of
from latentsweep.figures.style import BLUE, INK, MUTED, TICK, blank, style_axes


def kl_bars(kl: npt.ArrayLike, *, name: str = "model") -> Drawn:
    """One bar a latent, the one with most KL on top; at most 16, and the sum of the others.

    The table has a row for each latent, also those without a bar: latent, kl.

    Args:
        kl: mean KL of each latent in nats per image, (latent,).
        name: the model's.
    """
    values: list[float] = np.asarray(kl, dtype=float).tolist()
    order = falling(values)
    shown, others = order[:MOST_LATENTS], order[MOST_LATENTS:]
    lengths = [values[latent] for latent in shown]
    figure = blank(0.27 * len(shown) + 1.0)
    axes = figure.add_subplot()
    places = np.arange(len(shown))
    axes.barh(places, lengths, height=0.7, color=BLUE)
    for place, length in enumerate(lengths):
        axes.annotate(
            f"{length:.2f}",
            (length if isfinite(length) else 0.0, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=TICK,
            color=INK,
        )
    axes.set_yticks(places, [f"z{latent}" for latent in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    longest = max((length for length in lengths if isfinite(length)), default=0.0)
    axes.set_xlim(0, 1.08 * longest or 1.0)
    title = f"{name}: KL of each latent{out_of(len(shown), len(order))}"
    style_axes(axes, title=title, x="nats per image")
    total = f"sum {fsum(values):.2f} nats"
    if others:
        rest = fsum(values[latent] for latent in others)
        total += f", {rest:.2f} of it in the other {len(others)}"
    axes.set_title(total, loc="right", fontsize=TICK, color=MUTED)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    told = f"Bars of the KL of {len(shown)} latents of {name}, z{order[0]} with the most."
    return Drawn(figure, ["latent", "kl"], [[latent, values[latent]] for latent in order], told)
