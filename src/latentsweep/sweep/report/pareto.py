"""Which points no other point beats."""

import numpy as np
import numpy.typing as npt


def pareto_front(costs: npt.ArrayLike) -> list[int]:
    """Indices of the points that no other is better than, sorted by the first cost.

    A point is better than another that it is no worse than in any cost, and better in one. Of
    equal points the first stands for all.

    Args:
        costs: (points, costs), to be minimised.
    """
    points = np.asarray(costs, dtype=float)
    front: list[int] = []
    # Whatever is better than a point comes before it in this order.
    for index in np.lexsort(points.T[::-1]) if len(points) else []:
        if not (points[front] <= points[index]).all(axis=1).any():
            front.append(int(index))
    return front
