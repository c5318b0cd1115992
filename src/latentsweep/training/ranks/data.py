"""A data set in each rank's hands, and once in the memory of each machine."""

import os
from collections.abc import Callable

from latentsweep.data.one_copy import offer, take
from latentsweep.data.splits import Splits
from latentsweep.training.ranks.ranks import Ranks


def one_copy_a_machine(ranks: Ranks, load: Callable[[], Splits]) -> Splits:
    """What `load` reads: by the first rank of each machine, for all of them.

    What lies in a memory-mapped file is one copy by itself: there each rank reads it, once the
    first has fetched and converted it.

    Args:
        ranks: which train together.
        load: reads the data set into the host's memory.
    """
    if ranks.alone:
        return load()
    first = ranks.local_rank == 0
    splits = load() if first else None
    if splits is not None and not splits.train.image_set.mapped and ranks.local_size > 1:
        offered, memory = offer(splits)
    else:
        offered, memory = None, None
    here = os.uname().nodename
    offers = ranks.of_all((here, offered))
    theirs = next((offer for host, offer in offers if host == here and offer), None)
    try:
        shared = take(theirs) if theirs else None
    except OSError:
        shared = None
    ranks.of_all(None)  # all have taken it
    if memory:
        memory.close()
    return shared or splits or load()
