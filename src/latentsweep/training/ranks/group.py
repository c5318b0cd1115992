"""Several processes that train one run, connected by PyTorch's process groups."""

from __future__ import annotations

import json
import re
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Thread
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from latentsweep.config.typed import first_line
from latentsweep.errors import LatentsweepError
from latentsweep.training.ranks.connections import cut, open_connections
from latentsweep.training.ranks.errors import (
    QuietError,
    RankFailedError,
    RankLostError,
)
from latentsweep.training.ranks.meeting import host_of, join_group, meet
from latentsweep.training.ranks.placement import Placement
from latentsweep.training.ranks.ranks import Ranks

T = TypeVar("T")

# Rank 0 may draw, export and ship while the others wait for it.
_LONGEST_WAIT = timedelta(minutes=30)
# So long the last words of a rank may take to be there.
_LAST_WORDS_SECONDS = 3.0
# So long the others may take to notice that rank 0 has failed; one that was killed never does.
_HEARING_SECONDS = 10.0
# So long rank 0 may take to put on record how training ended.
_FAREWELL_SECONDS = 60.0


class RankGroup(Ranks):
    """This process among the ranks of a run.

    Args:
        placement: which it is.
        cuda: whether they compute on GPUs.
        seconds: how long to wait for the others to come.

    Raises:
        MeetingError: they cannot meet.
    """

    def __init__(self, placement: Placement, *, cuda: bool, seconds: float) -> None:
        self.rank, self.size = placement.rank, placement.size
        self.local_rank, self.local_size = placement.local_rank, placement.local_size
        self._store = meet(placement, seconds)
        others = open_connections()  # the store's among them, in which last words are left
        join_group(self._store, placement, "cpu:gloo,cuda:nccl" if cuda else "gloo", seconds)
        dist.distributed_c10d._set_pg_timeout(_LONGEST_WAIT, dist.group.WORLD)
        # Its own: what the ranks agree on must not wait for gradients.
        self._control = dist.new_group(backend="gloo", timeout=_LONGEST_WAIT)
        self._connections = open_connections() - others
        self._contexts = 0
        self.broken = False

    def from_leader(self, make: Callable[[], T]) -> T:
        """See `Ranks`."""
        told: list[Any] = [None, None]
        if self.leads:
            try:
                told[0] = make()
            except LatentsweepError as error:
                dist.broadcast_object_list([None, error.exit_code], 0, group=self._control)
                error.common = True
                raise
        dist.broadcast_object_list(told, 0, group=self._control)
        if told[1] is not None:
            raise _common(QuietError(told[1]))
        value: T = told[0]
        return value

    def of_all(self, value: T) -> list[T]:
        """See `Ranks`."""
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value, group=self._control)
        return values

    def greatest(self, value: int) -> Callable[[], int]:
        """See `Ranks`."""
        held = torch.tensor(value)
        work = dist.all_reduce(held, dist.ReduceOp.MAX, group=self._control, async_op=True)

        def wait() -> int:
            work.wait()
            return int(held)

        return wait

    def mean(self, values: Tensor) -> Callable[[], Tensor]:
        """See `Ranks`."""
        summed = values.detach().clone()
        work = dist.all_reduce(summed, group=self._group(values), async_op=True)

        def wait() -> Tensor:
            work.wait()
            return summed / self.size

        return wait

    def total(self, values: Tensor) -> Tensor:
        """See `Ranks`."""
        summed = values.detach().clone()
        dist.all_reduce(summed, group=self._group(values))
        return summed

    def rows(self, values: Tensor) -> Tensor:
        """See `Ranks`."""
        counts = self.of_all(len(values))
        # gloo gathers equal parts.
        part = values.new_zeros((max(counts), *values.shape[1:]), device="cpu")
        part[: len(values)] = values
        parts = [torch.empty_like(part) for _ in counts] if self.leads else None
        dist.gather(part, parts, 0, group=self._control)
        if parts is None:
            return values
        return torch.cat([each[:count] for each, count in zip(parts, counts, strict=True)])

    def parts(self, values: Tensor) -> list[Tensor]:
        """See `Ranks`."""
        found = [torch.empty_like(values, memory_format=torch.contiguous_format)]
        found += [torch.empty_like(found[0]) for _ in range(self.size - 1)]
        dist.all_gather(found, values.contiguous(), group=self._group(values))
        return found

    @contextmanager
    def together(self) -> Iterator[None]:
        """See `Ranks`."""
        self._contexts += 1
        try:
            with self.explaining():
                yield
        except Exception as error:
            raised = self._part(error)
            if raised is error:
                raise
            raise raised from (error if self.leads else None)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """See `Ranks`."""
        try:
            yield
        except Exception as error:
            if not _is_lost_connection(error):
                raise
            told = self._last_words()
            raise (self._lost(error) if told is None else RankFailedError(**told)) from error

    def close(self) -> None:
        """See `Ranks`."""
        self.broken = True
        _within_limit(dist.destroy_process_group)

    def _group(self, values: Tensor) -> Any:
        return self._control if values.device.type == "cpu" else dist.group.WORLD

    def _part(self, error: Exception) -> Exception:
        """What to raise for what this rank has met, once the others know of it."""
        if self.broken:
            return error
        if getattr(error, "common", False):
            self._say(error)
            if not self._hear(range(self.size), _FAREWELL_SECONDS):
                self._break_off()
            return error if self.leads else QuietError(self._leaders_exit_code(error))
        self._say(error)
        if isinstance(error, RankLostError | RankFailedError):
            self._break_off()
            return error if self.leads else QuietError(_exit_code(error))
        self._break_off()
        if self.leads:  # it may hold the store, and the others are to find its words there
            self._hear(range(self.size), _HEARING_SECONDS)
            return error
        return QuietError(_exit_code(error)) if self._hear(range(1), _FAREWELL_SECONDS) else error

    def _say(self, error: Exception) -> None:
        """Leave word for the others."""
        text = str(error)
        if not isinstance(error, LatentsweepError):
            text = "".join(traceback.format_exception(error))
        words = {"told": text, "exit_code": _exit_code(error), "host": socket.gethostname()}
        with suppress(RuntimeError):  # rank 0, which may hold the store, is gone
            self._store.set(self._words(self.rank), json.dumps(words))

    def _hear(self, ranks: range, seconds: float) -> bool:
        """Whether these ranks have said why they leave, before `seconds` are over."""
        try:
            self._store.wait([self._words(rank) for rank in ranks], timedelta(seconds=seconds))
        except RuntimeError:
            return False
        return True

    def _leaders_exit_code(self, error: Exception) -> int:
        """Rank 0's, which knows whether a scheduler took the job; this rank's where it is gone."""
        try:
            return int(json.loads(self._store.get(self._words(0)))["exit_code"])
        except RuntimeError:
            return _exit_code(error)

    def _last_words(self) -> dict[str, Any] | None:
        """What another rank said before it left; None if none says anything."""
        until = time.monotonic() + _LAST_WORDS_SECONDS
        with suppress(RuntimeError):
            while time.monotonic() < until:
                for rank in range(self.size):
                    if rank != self.rank and self._store.check([self._words(rank)]):
                        words = json.loads(self._store.get(self._words(rank)))
                        return {"rank": rank, **words}
                time.sleep(0.05)
        return None

    def _lost(self, error: Exception) -> RankLostError:
        others = [rank for rank in range(self.size) if rank != self.rank]
        hosts: list[str] = []
        with suppress(RuntimeError):
            hosts = sorted({host_of(self._store, rank) for rank in others})
        return RankLostError(
            "another rank left without a word",
            found=f"{'rank' if len(others) == 1 else 'one of the ranks'} "
            f"{', '.join(map(str, others))} on {', '.join(hosts) or 'its host'}: {_reason(error)}",
            expected="all ranks, until the run ends",
            mend="see why it was killed (memory?); what starts it again, or resume=auto, goes on "
            "from the last checkpoint",
        )

    def _words(self, rank: int) -> str:
        return f"words/{self._contexts}/{rank}"

    def _break_off(self) -> None:
        """End all connections, so that whoever waits for this rank knows that it waits in vain."""
        self.broken = True
        cut(self._connections)
        _within_limit(dist.distributed_c10d._abort_process_group)  # NCCL's, and what waits for them


def _within_limit(end: Callable[[], None]) -> None:
    """Do what may wait for operations that never end, and go on after a while."""

    def ending() -> None:
        with suppress(Exception):  # what is left behind may be in whatever state
            end()

    thread = Thread(target=ending, daemon=True)
    thread.start()
    thread.join(_LAST_WORDS_SECONDS)


def _common(error: LatentsweepError) -> LatentsweepError:
    """Mark an error as one that all ranks raise at the same place."""
    error.common = True
    return error


def _exit_code(error: Exception) -> int:
    return error.exit_code if isinstance(error, LatentsweepError) else 1


def _reason(error: Exception) -> str:
    """What a library says of a connection, without where in its code and what it guesses."""
    return re.sub(r"^\[\S+\] ", "", first_line(error)).partition(". ")[0][:200]


def _is_lost_connection(error: BaseException) -> bool:
    """Whether an error tells of other ranks and not of this one."""
    if isinstance(error, dist.DistError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("gloo" in text or "nccl" in text)
