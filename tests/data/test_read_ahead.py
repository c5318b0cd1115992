"""Batches of memory-mapped images, asked for before they are needed."""

import ctypes
import mmap
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from latentsweep.data.batches import TrainBatches
from latentsweep.data.image_set import ImageSet
from latentsweep.data.read_ahead import read_ahead
from latentsweep.data.splits import Split
from latentsweep.data.storage import ByteImages, tensor_over

_ROWS = 64


def resident(held: Tensor) -> list[bool]:
    """Which rows of a page each are in memory."""
    flags = (ctypes.c_ubyte * _ROWS)()
    mincore = ctypes.CDLL(None).mincore
    mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    assert mincore(held.data_ptr(), held.nbytes, flags) == 0
    return [bool(flag & 1) for flag in flags]


def test_rows_come_into_memory_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    np.zeros((_ROWS, mmap.PAGESIZE), np.uint8).tofile(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    held = tensor_over(np.memmap(path, np.uint8, "r", shape=(_ROWS, mmap.PAGESIZE)))
    assert not any(resident(held)), f"{tmp_path} lies in memory: give --basetemp on a disk"
    read_ahead(held, torch.tensor([3, 40]))
    deadline = time.monotonic() + 30
    while not (resident(held)[3] and resident(held)[40]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert sum(resident(held)) == 2


def test_next_batch_is_read_while_one_is_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[list[int]] = []
    pixels = torch.arange(12, dtype=torch.uint8).reshape(12, 1, 1, 1)
    mapped = ImageSet(ByteImages(pixels, 1), digest="", origin="", mapped=True)
    monkeypatch.setattr(
        ByteImages, "read_ahead", lambda _, indices: announced.append(indices.tolist())
    )
    batches = TrainBatches(Split(mapped, torch.arange(12)), 4, seed=0, share=range(2, 4))
    shown = []
    for number, batch in enumerate(batches):
        assert len(announced) == min(number + 1, 2)
        shown.append(batch.images.flatten().int().tolist())
    assert announced == shown[1:]
    announced.clear()
    list(TrainBatches(Split(replace(mapped, mapped=False), torch.arange(12)), 4, seed=0))
    assert announced == []
