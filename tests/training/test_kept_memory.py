"""Memory that stays with the process between training steps."""

import ctypes
import resource

import psutil
import pytest
import torch

from latentsweep.training.kept_memory import kept_memory

_BYTES = 400_000_000  # more than glibc ever keeps by itself


def faults() -> int:
    """Pages that the kernel hands out anew for memory that was freed just before."""
    for _ in range(12):  # the allocator's heap grows for some time until all fits
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        torch.ones(_BYTES // 4)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_freed_memory_is_taken_again_inside_and_given_back_after() -> None:
    torch.set_num_threads(1)
    with kept_memory():
        assert faults() < 10
        held = psutil.Process().memory_info().rss
    assert held - psutil.Process().memory_info().rss > 0.9 * _BYTES


def test_other_libraries_than_glibc_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    with kept_memory() as nothing:
        assert nothing is None
