"""A real Slurm cluster of two nodes with accounting, in namespaces of its own.

Its daemons see only their own loopback and processes, and end with the process that holds their
namespaces. Nothing of the machine's own Slurm, MariaDB or munge is touched.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .requirement import program, require, require_programs

NODES = ("n1", "n2")
_PROGRAMS = (
    *("slurmctld", "slurmd", "slurmdbd", "sbatch", "munged", "mungekey"),
    *("mariadbd", "mariadb-install-db", "ip"),
)
_COMMANDS = ("sbatch", "srun", "squeue", "sacct", "scancel", "scontrol", "sinfo")
_PACKAGES = "slurm-wlm munge slurmdbd mariadb-server iproute2"
_SLURM = """
ClusterName=tests
SlurmctldHost=ctl(127.0.0.1)
SlurmUser=root
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool-%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd-%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd-%n.log
AuthInfo=socket={directory}/munge/socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MinJobAge=300
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{preemption}
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePass={directory}/munge/socket
JobAcctGatherType=jobacct_gather/none
NodeName=n1 NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=4000
NodeName=n2 NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=4000
PartitionName=normal Nodes=n1,n2 Default=YES PriorityTier=1 PreemptMode=OFF
PartitionName=low Nodes=n1,n2 PriorityTier=1 PreemptMode=REQUEUE GraceTime=20
PartitionName=high Nodes=n1,n2 PriorityTier=2 PreemptMode=OFF
"""
_ACCOUNTING = """
AuthType=auth/munge
AuthInfo=socket={directory}/munge/socket
DbdHost=ctl
DbdAddr=127.0.0.1
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StorageUser=root
StorageLoc=accounting
LogFile={directory}/slurmdbd.log
PidFile={directory}/slurmdbd.pid
"""
# Process 1 of the namespace: adopts what daemons leave behind, and reaps it.
_INIT = (
    "hostname ctl && mount --bind {directory}/hosts /etc/hosts && touch {directory}/ready && "
    "while :; do sleep 3600 & wait $!; done"
)


class Cluster:
    """The cluster: started by `running`; tests submit to it and break it."""

    def __init__(self, directory: Path, init: int) -> None:
        self.directory = directory
        self._enter = ["nsenter", f"--target={init}", "--net", "--pid", "--mount", "--uts"]
        self._daemons: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What a process outside the namespaces needs to use the cluster as on a login node."""
        path = f"{self.directory / 'commands'}:{os.environ['PATH']}"
        return {**os.environ, "SLURM_CONF": str(self.directory / "slurm.conf"), "PATH": path}

    @property
    def _inner_environment(self) -> dict[str, str]:
        own = str(self.directory / "commands")
        path = [part for part in os.environ["PATH"].split(":") if part != own]
        settings = str(self.directory / "slurm.conf")
        return {**os.environ, "SLURM_CONF": settings, "PATH": ":".join(["/usr/sbin", *path])}

    def inside(self, *command: str) -> list[str]:
        """The command that runs `command` in the cluster's namespaces."""
        return [*self._enter, f"--wd={self.directory}", *command]

    def run(self, *command: str) -> str:
        """Run a command there; its output. It has to succeed."""
        done = subprocess.run(
            self.inside(*command),
            env=self._inner_environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def states(self, job: str) -> dict[str, str]:
        """From each task of a job, such as `12_0`, to its state now."""
        listed = self.run("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i %T")
        return dict(line.split() for line in listed.splitlines())

    def nodes(self, job: str) -> dict[str, str]:
        """From each task of a job that has one, to its node."""
        listed = self.run("squeue", "-h", "-r", "-t", "running", "-j", job, "-o", "%i %N")
        return dict(line.split() for line in listed.splitlines())

    def accounts(self, job: str) -> list[tuple[str, str]]:
        """Each task's states in order, one for each time it ran: sacct's word."""
        columns = ["-n", "-P", "-X", "-D", "-o", "JobID,State"]
        listed = self.run("sacct", "-j", job, *columns)
        rows = (line.split("|") for line in listed.splitlines())
        return [(task, state.split()[0]) for task, state in rows]

    def cancel(self, job: str) -> None:
        """Cancel a job and wait until it is gone."""
        self.run("scancel", job)
        busy = ("RUNNING", "PENDING", "COMPLETING")
        wait_until(lambda: not any(s in busy for s in self.states(job).values()), 60)

    def cancel_all(self) -> None:
        """Cancel whatever there is and wait until it is gone."""
        self.run("scancel", f"--user={os.geteuid()}")
        wait_until(lambda: not self.run("squeue", "-h"), 60)

    def crash_node(self, name: str) -> None:
        """End a node's daemon and every process of its jobs at once, without a word."""
        namespace = (self.directory / f"{name}.namespace").read_text()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if str((process / "ns" / "uts").readlink()) == namespace:
                    os.kill(int(process.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # ended by itself, or not one of the tests'

    def start_node(self, name: str) -> None:
        """Start a node, or one that crashed again, and wait until it takes jobs."""
        (self.directory / f"spool-{name}").mkdir(exist_ok=True)
        script = (
            f"hostname {name} && readlink -n /proc/self/ns/uts > {name}.namespace && "
            f"exec {program('slurmd')} -D -N {name} -f {self.directory}/slurm.conf"
        )
        self._start("unshare", "--uts", "bash", "-c", script)
        wait_until(lambda: self._node_state(name) in ("IDLE", "MIXED", "ALLOCATED"), 60)

    def _write_commands(self) -> None:
        """Slurm's commands, which enter the namespaces; those that a job finds are there."""
        (self.directory / "commands").mkdir()
        for name in _COMMANDS:
            path = self.directory / "commands" / name
            enter = shlex.join(self._enter)
            path.write_text(
                f'#!/bin/sh\n[ -n "$SLURM_JOB_ID" ] && exec {program(name)} "$@"\n'
                f'exec {enter} --wd="$PWD" {program(name)} "$@"\n'
            )
            path.chmod(0o755)

    def start(self) -> None:
        """Start everything and wait until both nodes take jobs."""
        self._write_commands()
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", "127.0.0.2/8", "dev", "lo")
        self._start_munge()
        self._start_accounting()
        self._start("slurmctld", "-D", "-i")
        for name in NODES:
            self.start_node(name)

    def stop(self) -> None:
        """Collect the daemons, whose namespace has ended."""
        for daemon in self._daemons:
            daemon.wait()

    def _node_state(self, name: str) -> str:
        command = self.inside("sinfo", "-h", "-N", "-n", name, "-p", "normal", "-o", "%T")
        done = subprocess.run(
            command, env=self._inner_environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip().upper()

    def _start_munge(self) -> None:
        munge = self.directory / "munge"
        munge.mkdir(mode=0o755)
        self.run("mungekey", "--create", f"--keyfile={munge / 'key'}")
        self._start(
            *("munged", "--foreground", "--force", f"--socket={munge / 'socket'}"),
            *(f"--key-file={munge / 'key'}", f"--pid-file={munge / 'pid'}"),
            *(f"--log-file={munge / 'log'}", f"--seed-file={munge / 'seed'}"),
        )
        wait_until((munge / "socket").exists, 30)

    def _start_accounting(self) -> None:
        data, passing = self.directory / "mariadb", self.directory / "mariadb-tmp"
        for directory in (data, passing):
            directory.mkdir()
            shutil.chown(directory, "mysql", "mysql")
        # Temporary tables are named after the process id, which other clusters have, too.
        places = (f"--datadir={data}", f"--tmpdir={passing}")
        owner = ["--no-defaults", *places, "--user=mysql"]
        self.run("mariadb-install-db", *owner, "--auth-root-authentication-method=normal")
        self._start(
            *("mariadbd", *owner, "--bind-address=127.0.0.1", "--skip-grant-tables"),
            *(f"--socket={data / 'socket'}", f"--pid-file={data / 'pid'}"),
            *("--innodb-flush-log-at-trx-commit=0", "--innodb-lock-wait-timeout=900"),
        )
        wait_until((data / "socket").exists, 60)
        self._start("slurmdbd", "-D")
        log = self.directory / "slurmdbd.log"
        wait_until(lambda: log.exists() and "started" in log.read_text(), 60)

    def _start(self, *command: str) -> None:
        with (self.directory / "daemons.log").open("ab") as log:
            daemon = subprocess.Popen(
                self.inside(*command),
                env=self._inner_environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._daemons.append(daemon)


@contextmanager
def running(preemption: str = "SlurmctldParameters=preempt_send_user_signal") -> Iterator[Cluster]:
    """A new cluster, gone with its files and jobs at the end.

    Args:
        preemption: what its slurm.conf says of how jobs learn that they are pre-empted.
    """
    require_programs(_PROGRAMS, _PACKAGES)
    require(os.geteuid() == 0, "a test cluster needs root, for its namespaces")
    directory = Path(tempfile.mkdtemp(prefix="latentsweep-slurm-"))
    directory.chmod(0o755)
    (directory / "state").mkdir()
    (directory / "hosts").write_text("127.0.0.1 localhost ctl n1 n2\n")
    (directory / "slurm.conf").write_text(_SLURM.format(directory=directory, preemption=preemption))
    accounting = directory / "slurmdbd.conf"
    accounting.touch(mode=0o600)
    accounting.write_text(_ACCOUNTING.format(directory=directory))
    command = ["unshare", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    holder = subprocess.Popen([*command, "bash", "-c", _INIT.format(directory=directory)])
    try:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        wait_until((directory / "ready").exists, 10)
        cluster = Cluster(directory, int(children.read_text().split()[0]))
        try:
            cluster.start()
            yield cluster
        finally:
            holder.kill()
            holder.wait()
            cluster.stop()
    finally:
        holder.kill()
        holder.wait()
        shutil.rmtree(directory)


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until `condition` holds; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds:g} s: {_source(condition)}"
        time.sleep(0.1)


def _source(condition: Callable[[], bool]) -> str:
    name: str = getattr(condition, "__qualname__", repr(condition))
    return re.sub(r"<locals>\.", "", name)
