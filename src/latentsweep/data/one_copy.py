"""One copy of a data set for all processes of a machine, however they were started.

The first process puts it into memory that has a descriptor and no name: it is gone with the last
process that uses it, however that ends.
"""

import io
import mmap
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from torch import Tensor

from latentsweep.data.splits import Splits
from latentsweep.data.storage import tensor_over

_LARGE = 1 << 16  # bytes from which a tensor is worth sharing
_ALIGNED = 64


@dataclass(frozen=True)
class Offer:
    """Where a data set can be had by other processes of this machine.

    Attributes:
        path: of the memory, while the process that offers it holds it.
        content: the data set pickled, without its large tensors.
    """

    path: Path
    content: bytes


def offer(splits: Splits) -> tuple[Offer, BinaryIO]:
    """Put a data set, which lies on the host, where others can get it.

    Returns:
        The offer, and the memory, which has to stay open until they have.
    """
    memory = os.fdopen(os.memfd_create("latentsweep"), "w+b")
    content = io.BytesIO()
    _Pickler(content, memory).dump(splits)
    memory.flush()
    path = Path(f"/proc/{os.getpid()}/fd/{memory.fileno()}")
    return Offer(path, content.getvalue()), memory


def take(offered: Offer) -> Splits:
    """The data set that a process of this machine offers, in the very same memory.

    Raises:
        OSError: it cannot be reached, as from a container of another process namespace.
    """
    with offered.path.open("rb") as memory:
        size = memory.seek(0, io.SEEK_END)
        mapped = mmap.mmap(memory.fileno(), max(1, size), prot=mmap.PROT_READ)
    splits: Splits = _Unpickler(io.BytesIO(offered.content), mapped).load()
    return splits


class _Pickler(pickle.Pickler):
    """Writes large tensors into memory that is shared."""

    def __init__(self, content: io.BytesIO, memory: BinaryIO) -> None:
        super().__init__(content)
        self._memory = memory

    def persistent_id(self, obj: Any) -> Any:
        """Where a large tensor lies; None for everything else."""
        if not isinstance(obj, Tensor) or obj.nbytes < _LARGE:
            return None
        start = -(-self._memory.tell() // _ALIGNED) * _ALIGNED
        self._memory.seek(start)
        array = np.ascontiguousarray(obj.numpy())
        self._memory.write(array.tobytes() if array.ndim == 0 else array.data.cast("B"))
        return start, array.dtype.str, tuple(obj.shape)


class _Unpickler(pickle.Unpickler):
    """Makes tensors over the memory that is shared."""

    def __init__(self, content: io.BytesIO, mapped: mmap.mmap) -> None:
        super().__init__(content)
        self._mapped = mapped

    def persistent_load(self, pid: Any) -> Tensor:
        """A tensor over its place in the memory."""
        start, dtype, shape = pid
        count = int(np.prod(shape))
        array = np.frombuffer(self._mapped, np.dtype(dtype), count, start)
        return tensor_over(array.reshape(shape))
