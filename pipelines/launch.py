"""Train one model on several devices: `python pipelines/launch.py --devices 4 [OVERRIDE] ...`.

With `--cluster slurm --nodes 2 --gpus 4` as one job of a Slurm cluster.
"""

import argparse
import os
import subprocess
import sys
import uuid
from pathlib import Path

from hydra._internal.utils import get_args_parser

from latentsweep.command import check_command_line, errors_to_terminal
from latentsweep.config import TrainConfig
from latentsweep.config.checks import check_share
from latentsweep.config.variables import whole_number
from latentsweep.errors import ConfigError
from latentsweep.training.ranks.placement import LAUNCHED_BY, NEEDS_GPU
from latentsweep.training.same_launch import LAUNCH

TRAIN = Path(__file__).with_name("train.py")
_MINUTES = 240


def main() -> int:
    """Check everything once, then start the ranks."""
    options, overrides = _parse()
    if not any(text.startswith(("trainer=", "trainer.name=")) for text in overrides):
        # Beside another one: Hydra takes no overrides on both sides of an option. The key and not
        # the group, of which a sweep's best.yaml has none.
        own = get_args_parser().parse_known_args(overrides)[0].overrides
        overrides.insert(overrides.index(own[0]) if own else 0, "trainer.name=ddp")
    sys.argv = [str(TRAIN), *overrides]
    command = [sys.executable, *sys.argv]
    config = check_command_line("train", ranks_follow=True)
    if config is None:  # Hydra is asked something
        return subprocess.run(command, check=False).returncode
    if config.trainer.name != "ddp":
        raise ConfigError(
            f"trainer={config.trainer.name} trains in one process",
            found="ranks that are asked for",
            expected="trainer=ddp, the default here",
            mend="leave trainer out, or python pipelines/train.py",
        )
    ranks = options.nodes * (options.gpus or options.devices)
    check_share(config.batch_size, ranks, config.trainer.accumulate_grad_batches)
    os.environ[LAUNCHED_BY] = " ".join(_words(options))
    os.environ[LAUNCH] = uuid.uuid4().hex
    if options.gpus:
        os.environ[NEEDS_GPU] = "1"
    if options.cluster:
        return _submit(command, config, options)

    from latentsweep.training.ranks.torchrun import check_devices, run_ranks

    check_devices(ranks, gpus=bool(options.gpus))
    return run_ranks(command, ranks)


def _submit(command: list[str], config: TrainConfig, options: argparse.Namespace) -> int:
    """Queue the ranks, and say how to see what they do."""
    from latentsweep.training.ranks.submission import Resources, submit

    resources = Resources(
        nodes=options.nodes,
        ranks=options.gpus or options.devices,
        gpus=options.gpus,
        cpus=options.cpus,
        minutes=options.minutes,
        partition=options.partition,
    )
    folder = Path(config.output_dir).absolute() / "slurm"
    job = submit([*command, "trainer.progress_bar=false"], resources, folder)
    ranks = resources.nodes * resources.ranks
    print(f"job {job}: {ranks} rank{'s' if ranks > 1 else ''} are queued; squeue -j {job} shows it")
    print(f"what it prints: {os.path.relpath(folder)}/{job}_0_log.out and {job}_0_log.err")
    return 0


def _parse() -> tuple[argparse.Namespace, list[str]]:
    """The options, and Hydra's overrides.

    Raises:
        ConfigError: options that do not go together.
    """
    parser = argparse.ArgumentParser(
        description="Train one model on several devices; overrides are those of train.py.",
        allow_abbrev=False,
    )
    parser.add_argument("--devices", default="1", help="ranks on each machine")
    parser.add_argument("--gpus", help="GPUs of each machine, a rank each")
    parser.add_argument("--cluster", default="", help="slurm: queue the ranks as a job there")
    parser.add_argument("--nodes", default="1", help="machines of the cluster")
    parser.add_argument("--cpus", help="cores of the cluster, a rank")
    parser.add_argument("--minutes", default=str(_MINUTES), help="then it is queued again")
    parser.add_argument("--partition", default="", help="of the cluster")
    options, overrides = parser.parse_known_args()
    for name in ("devices", "gpus", "nodes", "cpus", "minutes"):
        text = getattr(options, name)
        variable = "TIME" if name == "minutes" else name.upper()
        setattr(options, name, whole_number(variable, text) if text is not None else 0)
    if options.cluster not in ("", "slurm"):
        raise ConfigError(
            f"CLUSTER={options.cluster} is no cluster that is known here",
            expected="CLUSTER=slurm",
            mend="leave it out, and torchrun starts the ranks (docs/scaling.md)",
        )
    if options.gpus and options.devices > 1 and options.gpus != options.devices:
        raise ConfigError(
            "each rank has a GPU of its own",
            found=f"GPUS={options.gpus} DEVICES={options.devices}",
            mend=f"GPUS={options.gpus} alone",
        )
    if options.nodes > 1 and not options.cluster:
        raise ConfigError(
            "several machines need a cluster that starts the ranks",
            found=f"NODES={options.nodes}",
            mend=f"CLUSTER=slurm NODES={options.nodes}; or torchrun on each machine "
            "(docs/scaling.md)",
        )
    return options, overrides


def _words(options: argparse.Namespace) -> list[str]:
    """This script and its options, as they are given again."""
    words = ["launch.py"]
    usual = {"devices": 1, "nodes": 1, "minutes": _MINUTES}
    for name in ("devices", "gpus", "cluster", "nodes", "cpus", "minutes", "partition"):
        value = getattr(options, name)
        if value and value != usual.get(name):
            words += [f"--{name}", str(value)]
    return words


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
