"""The processor cores of this machine, and how many processes of training they bear."""

import os

# More on one core are a slip of the finger: each takes some hundred MB beside the data.
MOST_PROCESSES_A_CORE = 8


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))
