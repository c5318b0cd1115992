"""Names beside points, none on top of another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from latentsweep.figures.style import INK, NOTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RIGHT, _LEFT, _MIDDLE = "left", "right", "center"
# Where a name may stand beside its point: points to the right and up, and its own alignment.
_BESIDE = (
    (5, 4, _RIGHT, "bottom"),
    (6, 0, _RIGHT, "center"),
    (5, -4, _RIGHT, "top"),
    (-6, 0, _LEFT, "center"),
    (0, 6, _MIDDLE, "bottom"),
    (0, -6, _MIDDLE, "top"),
    (-5, 4, _LEFT, "bottom"),
    (-5, -4, _LEFT, "top"),
)
_CLEAR = 4  # pixels about a name that stands upon its point: neighbours do not read as one
_UPON = ((0, 0, _MIDDLE, "center"), (0, 9, _MIDDLE, "center"), (0, -9, _MIDDLE, "center"))


def place_labels(
    axes: "Axes",
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    upon: bool = False,
) -> None:
    """Write each name where it covers no other, and leave out the names that fit nowhere.

    Called when the axes' limits are final.

    Args:
        axes: where.
        points: in the axes' units.
        names: one a point; those that come first are placed first.
        upon: names stand upon their points, which then count for nothing.
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Bbox

    figure = axes.get_figure(root=True)
    if figure is None or not len(points):
        return
    figure.draw_without_rendering()  # the layout says how large the axes are
    inside = axes.get_window_extent()
    pixels = axes.transData.transform(points)
    taken = [] if upon else [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in pixels]
    halo = [withStroke(linewidth=4 if upon else 2.5, foreground="white")]
    for point, name in zip(points, names, strict=True):
        for right, up, horizontal, vertical in _UPON if upon else _BESIDE:
            text = axes.annotate(
                name,
                point,
                xytext=(right, up),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=NOTE,
                fontweight="bold" if upon else "normal",
                color=INK,
                path_effects=halo,
                zorder=5,
            )
            text.set_in_layout(False)
            box = text.get_window_extent().padded(_CLEAR if upon else 0)
            fits = inside.x0 <= box.x0 and box.x1 <= inside.x1
            fits = fits and inside.y0 <= box.y0 and box.y1 <= inside.y1
            if fits and not box.count_overlaps(taken):
                taken.append(box)
                break
            text.remove()
