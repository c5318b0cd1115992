"""Diagonals of equal ELBO behind a picture of rate and distortion."""

from typing import TYPE_CHECKING

from latentsweep.figures.style import FAINT, MUTED, NOTE, minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Ends = tuple[float, float]
_LINES = 7
_FLATTEST = 0.1  # what a line must rise of the axes' height, to be seen as a diagonal


def iso_elbo_lines(axes: "Axes", across: Ends, up: Ends) -> None:
    """Draw rate + distortion = -ELBO for round ELBOs, each named where it leaves the axes.

    Nothing is drawn where distortions span so much more than rates that the lines would look level.

    Args:
        axes: with the rate from left to right and the distortion upwards, nats per image.
        across: the axes' limits.
        up: the same.
    """
    from matplotlib.ticker import MaxNLocator

    if across[1] - across[0] < _FLATTEST * (up[1] - up[0]):
        return
    lowest, highest = across[0] + up[0], across[1] + up[1]
    for level in MaxNLocator(_LINES).tick_values(lowest, highest):
        if not lowest < level < highest:
            continue
        ends = (level - across[0], level - across[1])
        axes.plot(
            across,
            ends,
            color=FAINT,
            linewidth=0.8,
            linestyle=(0, (5, 4)),
            zorder=0,
            scalex=False,
            scaley=False,
        )
        leaves_right = ends[1] >= up[0]
        axes.annotate(
            minus(f"{0.0 - level:.6g}"),
            (across[1], ends[1]) if leaves_right else (level - up[0], up[0]),
            xytext=(4, 0) if leaves_right else (0, 3),
            textcoords="offset points",
            ha="left" if leaves_right else "center",
            va="center" if leaves_right else "bottom",
            fontsize=NOTE,
            color=MUTED,
            annotation_clip=False,
        )
    axes.set_title("dashed: equal ELBO, named at the ends", loc="right", fontsize=NOTE, color=MUTED)
