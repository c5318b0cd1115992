"""What must stand before a sweep's workers start: storage, data, tracking, study, queue."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
from omegaconf import DictConfig

from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import PARENT
from latentsweep.sweep.launching_process import LAUNCHER_NAME, STARTING_LOCK
from latentsweep.sweep.machine import count_workers, require_gpu, threads_a_worker
from latentsweep.sweep.parent import open_parent
from latentsweep.sweep.plan import Plan
from latentsweep.sweep.queue import Queue
from latentsweep.sweep.search import Search
from latentsweep.sweep.shared_splits import read_splits
from latentsweep.sweep.storage import open_storage
from latentsweep.sweep.study import check_study, make_study
from latentsweep.sweep.warm_start import warm_start
from latentsweep.sweep.whereabouts import find_study, write_whereabouts
from latentsweep.tracking.files import storage_error, write_json
from latentsweep.tracking.sync import ship_leftovers
from latentsweep.training.slurm import check_partition

_LOCAL = "LatentsweepLocalLauncher"
_BASIC = "BasicLauncher"
_SLURM = "LatentsweepSlurmLauncher"


def prepare(search: Search, config: DictConfig) -> Plan:
    """Reach storage, data and tracking, then make the study and its queue.

    Args:
        search: what is asked for.
        config: Hydra's, which names the launcher.

    Raises:
        LatentsweepError: something cannot be reached or does not fit; nothing was queued.
    """
    sweep, directory = search.sweep, search.directory
    launcher = str(config.hydra.launcher.get("_target_", "")).rpartition(".")[2]
    local = launcher in (_LOCAL, _BASIC)
    if local and search.base.trainer.name == "gpu":
        require_gpu()
    # Hydra's own launcher runs jobs one after another, and after Ctrl-C in one goes on to the next.
    alone = launcher == _BASIC
    workers = 1 if alone else count_workers(sweep.workers, sweep.n_trials, sweep.ranks, local=local)
    if launcher == _SLURM:
        check_partition(config.hydra.launcher.get("partition"))
    elif sweep.ranks > 1 and launcher != _LOCAL:
        raise ConfigError(
            f"this launcher starts one process a worker, and sweep.ranks={sweep.ranks}",
            found=f"hydra.launcher._target_={config.hydra.launcher.get('_target_')}",
            expected="latentsweep_local or latentsweep_slurm",
            mend="hydra/launcher=latentsweep_local, or sweep.ranks=1",
        )
    if search.base.trainer.name == "ddp":
        raise ConfigError(
            "the ranks of a sweep's trials are started by its workers",
            found="trainer=ddp",
            expected="trainer=auto, and how many ranks a trial has",
            mend="make sweep DEVICES=2 (or sweep.ranks=2) without trainer=ddp",
        )
    tracking = search.base.tracking
    read_splits(search.base.data, search.base.seed)
    with _starting(directory):
        storage = open_storage(sweep.storage, directory, workers, pooled=False)
        check_study(storage, search.study, search.settings, sweep.n_trials)
        earlier = _earlier(search)
        parent = open_parent(
            directory, search.base.tracking, None, search.study, sweep, search.fixed, workers
        )
        plan = Plan(
            study=search.study,
            directory=directory,
            sweep=sweep,
            space=search.space,
            fixed=search.fixed,
            parent=parent.run_id if parent else "",
            workers=workers,
            threads=threads_a_worker(workers * sweep.ranks) if local else 0,
            meeting_seconds=search.base.trainer.meeting_seconds,
            detached=launcher == _SLURM,
        )
        study = make_study(storage, plan.study, search.settings, sweep, str(directory))
        study.set_user_attr(PARENT, plan.parent)
        if earlier:
            warm_start(study, earlier, search.space)
        Queue(storage, plan.study, plan.limits, workers).open_slots(search.enqueued)
        write_whereabouts(directory, plan.study, sweep.storage, search.base.tracking)
        launching = {"pid": os.getpid(), "host": os.uname().nodename}
        write_json(directory / LAUNCHER_NAME, launching)
    if tracking.uri:
        ship_leftovers(directory.parent, tracking.uri, directory)
    return plan


@contextmanager
def _starting(directory: Path) -> Iterator[None]:
    """Make the sweep's directory, and let several starts at once wait for each other.

    Raises:
        StorageError: it cannot be made.
    """
    made, made_first = not directory.exists(), not directory.parent.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory.parent / STARTING_LOCK).open("w")
    except OSError as error:
        raise storage_error(directory, error) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        except ConfigError:
            if made:
                with suppress(OSError):  # something was put there that is worth keeping
                    for begun in [path for path in directory.iterdir() if not path.stat().st_size]:
                        begun.unlink()  # a journal in which nothing was written
                    directory.rmdir()
                    if made_first:
                        (directory.parent / STARTING_LOCK).unlink()
                        directory.parent.rmdir()
            raise


def _earlier(search: Search) -> optuna.Study | None:
    """The study to learn from, if there is to be one.

    Raises:
        ConfigError: there is none of that name, or it is this one.
    """
    name = search.sweep.warm_start
    if name == search.study:
        raise ConfigError(
            f"sweep.warm_start={name} is this very study",
            expected="another one: what a study has found out it knows",
            mend="leave sweep.warm_start out",
        )
    return find_study(name, search.sweep.directory) if name else None
