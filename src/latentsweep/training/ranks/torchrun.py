"""A run's ranks as processes of this machine, started and watched by torchrun's own engine."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import torch

from latentsweep.config.typed import first_line
from latentsweep.errors import REQUEUE_EXIT, ConfigError, StorageError
from latentsweep.training.cores import MOST_PROCESSES_A_CORE, cores
from latentsweep.training.device import no_gpu
from latentsweep.training.interruption import WARNINGS
from latentsweep.training.ranks.errors import LOST_RANK_EXIT, RankLostError
from latentsweep.training.ranks.placement import LAUNCHER, MEETING_FILE
from latentsweep.training.slurm import preempted

# Something that kills a rank again and again is no accident.
_MOST_RESTARTS = 5
# So long ranks may take to save their state before they are killed.
_SECONDS_TO_LEAVE = 30
_SIGNALS = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1,SIGUSR2"


def check_devices(devices: int, *, gpus: bool) -> None:
    """Refuse more ranks than this machine has devices for.

    Args:
        devices: how many ranks.
        gpus: whether GPUs were asked for.

    Raises:
        ConfigError: there are not so many GPUs or, without any, far too few cores.
    """
    found, own = torch.cuda.device_count(), cores()
    if gpus and not found:
        raise no_gpu()
    if found and devices > found:
        raise ConfigError(
            f"{'GPUS' if gpus else 'DEVICES'}={devices} is more than this machine has",
            found=f"{found} GPUs",
            expected="a GPU a rank",
            mend=f"DEVICES={found}; to train on the CPU, CUDA_VISIBLE_DEVICES=''",
        )
    if not found and devices > MOST_PROCESSES_A_CORE * own:
        raise ConfigError(
            f"DEVICES={devices} is more than this machine bears",
            found=f"{own} cores and no GPU",
            expected=f"at most {MOST_PROCESSES_A_CORE} ranks a core",
            mend=f"DEVICES={own}",
        )
    if not found and devices > own:
        print(f"note: {devices} ranks share {own} cores, which slows them down", file=sys.stderr)


def run_ranks(command: list[str], devices: int) -> int:
    """Run a command as so many ranks; a rank that is killed has all of them start again.

    Args:
        command: the interpreter and its arguments.
        devices: how many ranks.

    Raises:
        RankLostError: that happened again and again.

    Returns:
        The exit code: 0, or that of the rank that failed first, or 128 + the signal that ended it.
    """
    for restarts in range(_MOST_RESTARTS + 1):
        code = _run_once(command, devices)
        if not _was_killed(code):
            return code if code >= 0 else 128 - code
        if restarts < _MOST_RESTARTS:
            again = f"all start again from the last checkpoint ({restarts + 1} of {_MOST_RESTARTS})"
            _leave_line_of_bar()
            print(f"latentsweep: a rank {_how(code)}; {again}", file=sys.stderr, flush=True)
    raise RankLostError(
        f"a rank {_how(code)} again and again",
        found=f"{_MOST_RESTARTS + 1} times",
        expected="ranks that live until the run ends",
        mend="see what kills it (memory?); resume=auto, the default, goes on from the last "
        "checkpoint",
    )


def _leave_line_of_bar() -> None:
    """A rank that was killed leaves the cursor hidden, behind its bar."""
    if sys.stdout.isatty():
        print("\x1b[?25h", flush=True)


def mark_finished() -> None:
    """Tell this launcher, where it has started the ranks, that their run has ended well."""
    if MEETING_FILE in os.environ:
        with suppress(OSError):  # it is gone
            _finished_file().touch()


def _finished_file() -> Path:
    return Path(os.environ[MEETING_FILE]).with_name("finished")


def _run_once(command: list[str], devices: int) -> int:
    from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous.api import RendezvousError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.disable(logging.CRITICAL)  # ranks speak for themselves
    with tempfile.TemporaryDirectory(prefix="latentsweep-ranks-") as directory:
        os.environ[MEETING_FILE] = str(Path(directory) / "ranks")
        os.environ[LAUNCHER] = str(os.getpid())
        os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # no port is opened
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=devices,
            run_id="latentsweep",
            rdzv_backend="c10d",
            rdzv_endpoint=str(Path(directory) / "agents"),
            rdzv_configs={"store_type": "file"},
            max_restarts=0,
            monitor_interval=0.1,
            start_method="spawn",
            local_addr="localhost",
            logs_specs=DefaultLogsSpecs(log_dir=directory),
            signals_to_handle=_SIGNALS,
            shutdown_timeout=_SECONDS_TO_LEAVE,
        )
        try:
            elastic_launch(config, command[0])(*command[1:])
        except ChildFailedError as error:
            failures = sorted(error.failures.values(), key=lambda failure: failure.timestamp)
            codes = [failure.exitcode for failure in failures]
            # Of several, what began it: a rank that was killed takes the others along.
            return next((code for code in codes if _was_killed(code)), codes[0])
        except RendezvousError as error:
            raise StorageError(
                f"the ranks of this machine cannot meet at a file in {directory}",
                found=first_line(error),
                expected="a directory for temporary files that can be written",
                mend="free some space there, or TMPDIR=... of another one",
            ) from None
        except SignalException as error:
            if _finished_file().exists():
                return 0  # it came too late to ask for anything
            asked = int(error.sigval)
            return REQUEUE_EXIT if asked in WARNINGS or preempted() else 128 + asked
    return 0


def _was_killed(code: int) -> bool:
    """Whether a rank neither ended nor was asked to end."""
    asked = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
    return code == LOST_RANK_EXIT or (code < 0 and code not in asked)


def _how(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else "was lost"
