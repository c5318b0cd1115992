"""The command line of every pipeline: compose, check, then hand over to Hydra.

A user's mistake is answered before Hydra creates a directory or torch is imported: one message on
the terminal, exit code 2, nothing left on disk.
"""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check
from latentsweep.config.compose import HYDRA_VERSION_BASE, compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.tracking import TrackingConfig
from latentsweep.config.typed import sweep_settings, typed
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError, LatentsweepError
from latentsweep.sweep.arguments import split_overrides
from latentsweep.sweep.password import keep_password_private
from latentsweep.sweep.search import read_search
from latentsweep.tracking.files import check_writable
from latentsweep.tracking.preflight import check_store
from latentsweep.tracking.uri import resolve_uri
from latentsweep.training.ranks.errors import QuietError
from latentsweep.training.ranks.placement import find_placement, required_placement

# By default GNU OpenMP's threads spin for long before they sleep. Measured for two runs at once on
# two cores: 160 ms a step instead of 12 (alone: 5.4 instead of 6.0). Read when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# Below that PyTorch's C++ side speaks of settings that are none of the user's.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

_DDP = {"trainer=ddp", "trainer.name=ddp"}
Task = Callable[[TrainConfig, list[str]], None]


def pipeline(config_name: str) -> Callable[[Task], Callable[[], None]]:
    """Make a function of (config, overrides) a command with Hydra's command line.

    Args:
        config_name: the root config in `conf/`.
    """
    main = hydra.main(
        config_path=str(CONFIG_DIRECTORY),
        config_name=config_name,
        version_base=HYDRA_VERSION_BASE,
    )

    def decorate(task: Task) -> Callable[[], None]:
        @main
        def run(composed: DictConfig) -> None:
            with errors_to_terminal():
                task(checked(composed), list(HydraConfig.get().overrides.task))

        def command() -> None:
            with errors_to_terminal(), _first_rank_speaks():
                check_command_line(config_name)
            with errors_to_terminal():  # what is raised before Hydra calls `run`, such as Ctrl-C
                run()

        return command

    return decorate


@contextmanager
def _first_rank_speaks() -> Iterator[None]:
    """Of the ranks of a machine, the first tells what is wrong with the command they all got."""
    try:
        yield
    except LatentsweepError as error:
        if _another_speaks():
            raise QuietError(error.exit_code) from None
        raise


def _another_speaks() -> bool:
    """Whether this is a rank, and not the first of its machine."""
    try:
        placement = find_placement() if _DDP & set(sys.argv) else None
    except ConfigError:  # one that cannot tell which it is speaks, too
        return False
    return bool(placement and placement.local_rank)


def check_command_line(config_name: str, *, ranks_follow: bool = False) -> TrainConfig | None:
    """Compose and check what the command line asks for, leaving nothing behind.

    Args:
        config_name: the root config in `conf/`.
        ranks_follow: whether the caller starts ranks.

    Returns:
        The config; None where Hydra is only asked something.

    Raises:
        LatentsweepError: the command line, the config or its data set is wrong, or the
            run could not be recorded.
    """
    if "RANK" in os.environ:
        find_placement()  # Lightning reads the same variables as it is imported
    arguments = get_args_parser().parse_args()
    if _is_question(arguments):
        return None
    if arguments.multirun:
        raise ConfigError(
            "--multirun: this command trains one run",
            mend="python pipelines/sweep.py takes the same overrides",
        )
    load = _composition(arguments, config_name)
    composed = load(list(arguments.overrides))
    if arguments.cfg:
        return None
    config = checked(composed)
    if config.trainer.name == "ddp" and not ranks_follow:
        required_placement()
    check_writable(Path(config.output_dir))
    _ask_store(config.tracking)
    return config


def sweep_command() -> None:
    """The command of a sweep: the command line is checked here, all else by Hydra's sweeper."""
    with errors_to_terminal():
        arguments = get_args_parser().parse_args()
        if not _is_question(arguments):
            load = _composition(arguments, "sweep")
            if arguments.cfg:
                sweep = sweep_settings(load(split_overrides(arguments.overrides)[0]))
            else:
                search = read_search(load, arguments.overrides, build=False)
                sweep = search.sweep
                check_writable(search.directory)
                _ask_store(search.base.tracking)
            keep_password_private(sweep.storage)
    main = hydra.main(
        config_path=str(CONFIG_DIRECTORY), config_name="sweep", version_base=HYDRA_VERSION_BASE
    )
    with errors_to_terminal():  # what is raised before Hydra calls the sweeper, such as Ctrl-C
        main(_unused)()


def _ask_store(tracking: TrackingConfig) -> None:
    """Refuse a store that cannot take the record; one that is only away may come back.

    Raises:
        TrackingError: that is so.
    """
    if tracking.uri:
        away = check_store(tracking.uri, tracking.experiment)
        if away:
            print(f"note: {away}; it is sent the record when it does", file=sys.stderr)


def _unused(_: DictConfig) -> None:
    """Hydra wants a task; the sweeper brings its own."""


def _is_question(arguments: Namespace) -> bool:
    """Whether Hydra is asked something and nothing is to be run."""
    return bool(
        arguments.help or arguments.hydra_help or arguments.shell_completion or arguments.info
    )


def _composition(arguments: Namespace, config_name: str) -> Callable[[list[str]], DictConfig]:
    """What composes the root config that the command line names.

    Raises:
        ConfigError: its options are wrong.
    """
    if arguments.resolve and not arguments.cfg:
        raise ConfigError("--resolve goes with --cfg", mend="--cfg job --resolve")
    _name_directories_absolutely(arguments)
    searched: list[str] = []
    if arguments.config_dir:
        if not Path(arguments.config_dir).is_dir():
            raise ConfigError(f"--config-dir {arguments.config_dir}: there is no such directory")
        directory = Path(arguments.config_dir).absolute()
        searched = [f"hydra.searchpath=['file://{directory}']"]
    name = arguments.config_name or config_name
    return lambda overrides: compose(_directory(arguments), name, [*overrides, *searched])


def _name_directories_absolutely(arguments: Namespace) -> None:
    """Have Hydra look where the user stands: to it a relative path starts at the script."""
    for given in (arguments.config_path, arguments.config_dir):
        if given:
            sys.argv = [
                text.replace(given, str(Path(given).absolute())) if text.endswith(given) else text
                for text in sys.argv
            ]


def checked(composed: DictConfig) -> TrainConfig:
    """The typed config, checked across its parts and against the data set it names.

    Raises:
        LatentsweepError: something does not fit.
    """
    config = typed(composed)
    if config.tracking.uri:
        resolve_uri(config.tracking.uri)
    if config.resume not in ("auto", "never") and not Path(config.resume).exists():
        raise ConfigError(
            f"resume={config.resume}: there is no such file or directory",
            expected="auto, never, a checkpoint or a run directory",
        )
    check(config, describe(config.data))
    return config


@contextmanager
def errors_to_terminal() -> Iterator[None]:
    """Turn an error that a user can mend into its message and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an ASCII terminal is no reason to fail
    try:
        yield
    except KeyboardInterrupt:
        if not _another_speaks():
            print("latentsweep: stopped by Ctrl-C; the same command goes on", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except LatentsweepError as error:
        sys.stdout.flush()
        if not error.quiet:
            print(f"latentsweep: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _directory(arguments: Namespace) -> Path:
    return Path(arguments.config_path).absolute() if arguments.config_path else CONFIG_DIRECTORY
