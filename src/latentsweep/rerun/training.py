"""A training command by the code, packages and environment that a rerun wants."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from latentsweep.config.project import ROOT
from latentsweep.errors import REQUEUE_EXIT
from latentsweep.rerun.checkout import recorded_code, workplace
from latentsweep.rerun.child import Command, last_lines, run_command
from latentsweep.rerun.errors import STOPS, RerunFailedError, RerunStoppedError
from latentsweep.rerun.folder import RerunFolder
from latentsweep.rerun.interpreter import make_interpreter, python_path, recorded_versions
from latentsweep.rerun.plan import RerunPlan
from latentsweep.training.given_tags import in_environment
from latentsweep.training.origin import environment_for_another, numeric_environment
from latentsweep.training.ranks.errors import LOST_RANK_EXIT
from latentsweep.training.root_file import write_root

_NAME = "rerun"
_HEADER = "# A recorded run's config, as its rerun takes it.\n"


@dataclass(frozen=True)
class Workshop:
    """Where training commands come from.

    Attributes:
        root: the project's directory with the code that trains.
        python: with the packages that it imports.
        environment: of the commands.
    """

    root: Path
    python: Path
    environment: Mapping[str, str]

    def command(self, script: str, *arguments: str) -> list[str]:
        """One of the pipelines with its arguments."""
        return [str(self.python), str(self.root / "pipelines" / script), *arguments]


@contextmanager
def open_workshop(plan: RerunPlan) -> Iterator[Workshop]:
    """Bring code and packages back, as far as a plan wants that.

    Raises:
        LatentsweepError: they cannot be brought back.
    """
    with ExitStack() as held:
        root, python, environment = ROOT, Path(sys.executable), _environment(plan)
        wanted = plan.found if plan.packages == "recorded" else []
        requirements = recorded_versions(plan.known, wanted)
        if plan.code == "recorded" or requirements:
            place = held.enter_context(workplace())
            if plan.code == "recorded":
                root = held.enter_context(recorded_code(plan.record, place))
            python = make_interpreter(place, root / "src", requirements)
            environment |= python_path(root / "src")
        if plan.record.device == "cpu" and plan.ranks > 1:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        yield Workshop(root, python, environment)


def check_recorded_code(plan: RerunPlan) -> None:
    """Refuse a plan whose code cannot be brought back, by trying.

    Raises:
        CodeError: that is so.
    """
    if plan.code == "recorded":
        with workplace() as place, recorded_code(plan.record, place):
            pass


def _environment(plan: RerunPlan) -> dict[str, str]:
    """This one, with what changes numbers as it is on record, where that is wanted."""
    here = environment_for_another()
    recorded = plan.record.origin.get("environment")
    if plan.packages == "current" or recorded is None:
        return here
    numeric = numeric_environment(here)
    return {**{name: v for name, v in here.items() if name not in numeric}, **recorded}


def train_again(
    workshop: Workshop, plan: RerunPlan, folder: RerunFolder, tags: Mapping[str, str]
) -> int:
    """Train in a folder what a plan says, or go on with it.

    Args:
        workshop: where the command comes from.
        plan: of the rerun.
        folder: of the rerun.
        tags: for the run's record.

    Returns:
        The exit code of the training command, whose run is there.

    Raises:
        RerunStoppedError: a signal asked it to stop.
        RerunFailedError: nothing was trained.
    """
    place = folder.path.absolute()
    values = {**plan.values, "output_dir": str(place)}
    write_root(place / f"{_NAME}.yaml", values, _HEADER, workshop.root / "conf")
    script = ["train.py"] if plan.ranks == 1 else ["launch.py", "--devices", str(plan.ranks)]
    command = workshop.command(*script, "--config-path", str(place), "--config-name", _NAME)
    again = f"make rerun RUN={plan.record.run.reference}"
    environment = {**workshop.environment, **in_environment(tags, again)}
    code = checked(run_command(Command(command, environment, folder.output)))
    if folder.run is None:
        raise RerunFailedError(
            "the rerun did not begin",
            found=last_lines(folder.output) or f"a training command that ended with {code}",
            mend="what it said stands above",
        )
    return code


def checked(exit_code: int) -> int:
    """The exit code of a command that was not asked to stop.

    Raises:
        RerunStoppedError: it was.
        RerunFailedError: another signal ended it.
    """
    stopped = exit_code - 128 in STOPS or exit_code in (REQUEUE_EXIT, LOST_RANK_EXIT)
    if stopped:
        raise RerunStoppedError(exit_code)
    if exit_code > 128:
        raise RerunFailedError(
            "the training command was ended from outside, or crashed",
            found=f"signal {exit_code - 128} (9: killed, often for want of memory)",
            mend="the same command goes on from the last checkpoint",
        )
    return exit_code
