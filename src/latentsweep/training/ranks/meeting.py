"""How the ranks of a run find each other, or say that they cannot."""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import torch.distributed as dist
from torch._C._distributed_c10d import FileStore, PrefixStore, Store, TCPStore

from latentsweep.config.typed import first_line
from latentsweep.errors import LatentsweepError
from latentsweep.training.ranks.errors import QuietError
from latentsweep.training.ranks.placement import Placement

# `EX_UNAVAILABLE` of sysexits.h: another start would find the same.
MEETING_EXIT = 69


class MeetingError(LatentsweepError):
    """The ranks of a run could not meet; nothing was started."""

    exit_code = MEETING_EXIT


def meet(placement: Placement, seconds: float) -> Store:
    """Wait until all ranks are there; what they hold in common from then on.

    Args:
        placement: of this rank.
        seconds: how long to wait at most.

    Raises:
        MeetingError: some did not come, or their meeting point cannot be reached.
    """
    limit = timedelta(seconds=seconds)
    try:
        store = _store(placement, limit)
        store.set(_key(placement.rank), socket.gethostname())
    except (RuntimeError, OSError) as error:
        # DistError is a RuntimeError. Elsewhere the first of each machine speaks for it.
        if placement.local_rank:
            raise QuietError(MEETING_EXIT) from None
        raise _unreachable(placement, seconds, error) from None
    try:
        store.wait([_key(rank) for rank in range(placement.size)], limit)
    except RuntimeError:
        missing = [rank for rank in range(placement.size) if not store.check([_key(rank)])]
        if placement.rank != min(set(range(placement.size)) - set(missing)):
            raise QuietError(MEETING_EXIT) from None
        raise MeetingError(
            f"the ranks did not meet at {placement.meeting}",
            found=f"no rank {', '.join(map(str, missing))} within {seconds:g} s",
            expected=f"all {placement.size} ranks",
            mend="see whether they were started and reach this address, or wait longer: "
            "trainer.meeting_seconds=300",
        ) from None
    return store


def host_of(store: Store, rank: int) -> str:
    """Name of the machine of a rank that came to the meeting."""
    return str(store.get(_key(rank)).decode())


def join_group(store: Store, placement: Placement, backend: str, seconds: float) -> None:
    """Make the process group of all ranks that have met.

    Args:
        store: of `meet`.
        placement: of this rank.
        backend: PyTorch's name for it.
        seconds: how long connecting may take.

    Raises:
        MeetingError: they cannot connect.
    """
    if placement.size == placement.local_size and Path("/sys/class/net/lo").exists():
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # nobody outside is to be let in
    try:
        dist.init_process_group(
            backend,
            store=PrefixStore("group", store),
            rank=placement.rank,
            world_size=placement.size,
            timeout=timedelta(seconds=seconds),
        )
    except (RuntimeError, OSError) as error:
        if placement.rank:
            raise QuietError(MEETING_EXIT) from None
        raise MeetingError(
            f"the ranks met at {placement.meeting} and cannot connect to each other",
            found=first_line(error)[:300],
            expected=f"connections between all machines within {seconds:g} s",
            mend="name the network: GLOO_SOCKET_IFNAME=eth0 NCCL_SOCKET_IFNAME=eth0",
        ) from None


def _store(placement: Placement, limit: timedelta) -> Store:
    if placement.file:
        if not Path(placement.file).parent.is_dir():
            raise FileNotFoundError(f"there is no directory {Path(placement.file).parent}")
        store = FileStore(placement.file, placement.size)
        store.set_timeout(limit)
        return store
    # torchrun holds the store itself, under another name for each of its restarts.
    held = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    if placement.rank or held:
        # PyTorch would wait as long, and print where in its C++ it did.
        _wait_for(placement.host, placement.port, limit.total_seconds())
    tcp_store = TCPStore(
        placement.host,
        placement.port,
        placement.size,
        is_master=placement.rank == 0 and not held,
        timeout=limit,
        wait_for_workers=False,
    )
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return PrefixStore(f"latentsweep/{attempt}", tcp_store)


def _wait_for(host: str, port: int, seconds: float) -> None:
    """Raises OSError where nobody listens within `seconds`."""
    until = time.monotonic() + seconds
    while True:
        try:
            left = max(0.1, until - time.monotonic())
            socket.create_connection((host, port), timeout=left).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def _key(rank: int) -> str:
    return f"here/{rank}"


def _unreachable(placement: Placement, seconds: float, error: Exception) -> MeetingError:
    address = placement.meeting
    if placement.rank == 0:
        return MeetingError(
            f"rank 0 cannot wait for the others at {address}",
            found=first_line(error)[:300],
            expected="a free port",
            mend="another one: MASTER_PORT=...",
        )
    return MeetingError(
        f"rank {placement.rank} on {socket.gethostname()} cannot reach rank 0 at {address}",
        found=f"no answer within {seconds:g} s: {first_line(error)[:200]}",
        expected="rank 0 at that address",
        mend="see whether rank 0 was started; MASTER_ADDR and MASTER_PORT name another address",
    )
