"""Ranks that torchrun itself starts, an agent a machine, as docs/scaling.md says."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from latentsweep.config.project import ROOT
from tests.pipelines.small_ranks import SMALL, journals, ranks_of, wait_for_steps
from tests.ports import free_port


def agent(directory: Path, node: int, port: int, *arguments: str) -> subprocess.Popen[str]:
    """One machine's torchrun; all of them are this one."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    command += [f"--node-rank={node}", "--master-addr=127.0.0.1", f"--master-port={port}"]
    command += ["--max-restarts=2", "--monitor-interval=0.1"]
    command += [str(ROOT / "pipelines/train.py"), "trainer=ddp", *SMALL, *arguments]
    return subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_agents_train_one_run_and_start_again_where_a_rank_is_killed(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["trainer.max_epochs=60", "tracking.every_n_steps=1"]
    agents = [agent(tmp_path, node, port, *arguments) for node in range(2)]
    try:
        wait_for_steps(tmp_path)
        os.kill(ranks_of(agents[1].pid)[0], signal.SIGKILL)
        said = [each.communicate(timeout=180) for each in agents]
    finally:
        for each in agents:
            each.kill()
    assert [each.returncode for each in agents] == [0, 0], said
    assert "again:      torchrun ... " in said[0][0] + said[1][0]
    (journal,) = journals(tmp_path)
    attempts = json.loads((journal.parent / "files/attempts.json").read_text())
    assert len(attempts) > 1
    assert (journal.parent / "summary.json").exists()
