"""All randomness as a function: of the seed, a stream, and counters, never of what ran before.

A generator made here depends on its arguments alone, so a resumed run, a pre-empted run and a run
on any number of ranks draw the same numbers without saving any generator's state.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What the numbers are for; streams of one seed are independent of each other."""

    WEIGHTS = 0
    SPLIT = 1
    ORDER = 2
    TRAIN_NOISE = 3
    EVAL_NOISE = 4
    BINARISE = 5
    PICTURES = 6
    SAMPLER = 7
    EVALUATION = 8


def seed_of(seed: int, stream: Stream, *counters: int) -> int:
    """A 63-bit seed, equal for equal arguments and unrelated for different ones."""
    sequence = np.random.SeedSequence(entropy=(seed, int(stream), *counters))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def permutation(seed: int, stream: Stream, count: int, *counters: int) -> np.ndarray:
    """A permutation of range(count), (count,) int64."""
    return np.random.default_rng(seed_of(seed, stream, *counters)).permutation(count)
