"""A process and its parent: who hears the terminal, and who ends with whom."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def become_own_group(parent: int, on_parents_death: signal.Signals) -> None:
    """Let the terminal's Ctrl-C reach the parent alone, and end when the parent ends.

    Args:
        parent: process id of the parent.
        on_parents_death: the signal that this process gets then (Linux).
    """
    os.setpgid(0, 0)
    end_with(parent, on_parents_death)


def end_with(parent: int, on_parents_death: signal.Signals) -> None:
    """End when the parent ends; see `become_own_group`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(on_parents_death))
    if os.getppid() != parent:  # it died before that was said
        os.kill(os.getpid(), on_parents_death)
