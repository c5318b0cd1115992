"""A worker for tests of the launcher: says what happens to it, until it is told to end.

Each of its lines is appended to `events` in the sweep's directory: worker, word, node, restarts.
A signal only sets a flag. When submitit's own has come, it tells submitit later, from its loop, as
the sweep's worker does.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from latentsweep.training.slurm import preempted


@hydra.main(config_path=None, config_name=None, version_base="1.3")
def main(config: DictConfig) -> str:
    """Wait for a signal or the file `end`."""
    directory = Path(HydraConfig.get().sweep.dir)
    asked: list[int] = []

    def say(word: str) -> None:
        restarts = os.environ.get("SLURM_RESTART_COUNT", "0")
        with (directory / "events").open("a") as events:
            events.write(f"{config.worker} {word} {socket.gethostname()} {restarts}\n")

    def ask(signal_number: int, _: object) -> None:
        say(signal.Signals(signal_number).name)
        asked.append(signal_number)

    submitits = signal.getsignal(signal.SIGUSR2)
    for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT):
        signal.signal(number, ask)
    say("starts")
    heeds = [getattr(signal, name) for name in config.get("heeds", ["SIGUSR2"])]
    while not (directory / "end").exists():
        if any(number in heeds for number in asked):
            if signal.SIGTERM in asked and not preempted():
                say("leaves")
                sys.exit(128 + signal.SIGTERM)
            say("requeues")
            assert callable(submitits)
            submitits(signal.SIGUSR2, None)
        time.sleep(0.05)
    say("ends")
    return str(config.worker)


if __name__ == "__main__":
    main()
