"""A sweep on a real Slurm whose trials have two ranks each, one of which is killed."""

import os
import signal
from collections import Counter
from pathlib import Path

from latentsweep.sweep.attributes import RUN, SLOT
from latentsweep.sweep.cluster import jobs_of
from latentsweep.sweep.slot import FINISHED
from latentsweep.sweep.whereabouts import find_study
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics

from .cluster_sweep import made, run
from .slurm import Cluster, wait_until

SMALL = (
    *("data=digits", "batch_size=128", "model.latent_size=range(2,9)", "trainer.threads=1"),
    *("trainer.max_epochs=60", "sweep.n_trials=2", "sweep.study=pairs", "pruner=none"),
    *("tracking=off", "tracking.system_metrics_every_seconds=0", "sweep.lease_seconds=10"),
)


def test_rank_that_is_killed_costs_no_trial(slurm: Cluster, tmp_path: Path) -> None:
    cluster = made("CLUSTER=slurm", "WORKERS=1", "DEVICES=2", "CPUS=1", "TIME=30")
    done = run(tmp_path, "sweep.py", *SMALL, *cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    directory = tmp_path / "sweeps" / "pairs"
    (job,) = jobs_of(directory)
    wait_until(lambda: any(directory.glob("trials/*/*/checkpoints/last.ckpt")), 120)
    ranks = [pid for pid in ranks_in(slurm) if environment_of(pid).get("SLURM_PROCID") == "1"]
    os.kill(max(ranks), signal.SIGKILL)
    wait_until(lambda: "PENDING" in slurm.states(job).values(), 60)
    wait_until(lambda: set(slurm.states(job).values()) == {"COMPLETED"}, 240)
    trials = find_study("pairs", str(tmp_path / "sweeps")).trials
    finished = [trial for trial in trials if trial.state in FINISHED]
    assert sorted(trial.user_attrs[SLOT] for trial in finished) == [0, 1]
    assert len(trials) == 3, "the lost trial was taken up by another of the same slot"
    for trial in finished:
        journal = directory / trial.user_attrs[RUN] / JOURNAL_NAME
        points = [each for each, _ in read_journal(journal) if isinstance(each, Metrics)]
        epochs = Counter(point.step for point in points if "val/elbo" in point.values)
        assert set(epochs.values()) == {1}
        assert len(epochs) == 60


def ranks_in(slurm: Cluster) -> list[int]:
    """Processes of submitit's tasks on the cluster's nodes."""
    nodes = {(slurm.directory / f"{name}.namespace").read_text() for name in ("n1", "n2")}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = str((process / "ns" / "uts").readlink()) in nodes
            if here and b"submitit.core._submit" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def environment_of(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
