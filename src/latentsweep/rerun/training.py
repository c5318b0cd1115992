"""The rerun's own run: trained by the planned code, packages and ranks, in the rerun's folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from latentsweep.config.project import ROOT
from latentsweep.errors import REQUEUE_EXIT, LatentsweepError
from latentsweep.rerun.checkout import recorded_code, workplace
from latentsweep.rerun.child import last_lines, run_command
from latentsweep.rerun.folder import RerunFolder
from latentsweep.rerun.interpreter import (
    environment_without_this_code,
    make_interpreter,
    recorded_versions,
)
from latentsweep.rerun.plan import RerunPlan
from latentsweep.training.given_tags import with_tags
from latentsweep.training.ranks.errors import LOST_RANK_EXIT
from latentsweep.training.root_file import write_root

_NAME = "rerun"
_HEADER = "# A recorded run's config, as its rerun takes it.\n"


class RerunStoppedError(LatentsweepError):
    """Training was asked to stop, and saved its state.

    Args:
        exit_code: of the training command.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__("the rerun was stopped", mend="the same command goes on with it")


def train_again(plan: RerunPlan, folder: RerunFolder, tags: Mapping[str, str]) -> int:
    """Train in a folder what a plan says, or go on with it.

    Args:
        plan: of the rerun.
        folder: of the rerun.
        tags: for the run's record.

    Returns:
        The exit code of the training command.

    Raises:
        RerunStoppedError: a signal asked it to stop.
        LatentsweepError: code or packages cannot be brought back, or nothing was trained.
    """
    with ExitStack() as held:
        root, python = ROOT, Path(sys.executable)
        environment = with_tags(tags)
        missing = [each for each in plan.found if plan.packages == "recorded"]
        requirements = recorded_versions(plan.known, missing)
        if plan.code == "recorded" or requirements:
            place = held.enter_context(workplace())
            if plan.code == "recorded":
                root = held.enter_context(recorded_code(plan.record, place))
            python = make_interpreter(place, root / "src", requirements)
            environment |= environment_without_this_code(root / "src")
        if plan.record.device == "cpu" and plan.ranks > 1:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        values = {**plan.values, "output_dir": str(folder.path.absolute())}
        write_root(folder.path / f"{_NAME}.yaml", values, _HEADER, root / "conf")
        script = ["train.py"] if plan.ranks == 1 else ["launch.py", "--devices", str(plan.ranks)]
        command = [str(python), str(root / "pipelines" / script[0]), *script[1:]]
        command += ["--config-path", str(folder.path.absolute()), "--config-name", _NAME]
        code = run_command(command, environment, folder.output)
    if code > 128 or code in (REQUEUE_EXIT, LOST_RANK_EXIT):
        raise RerunStoppedError(code)
    if folder.run is None:
        raise LatentsweepError(
            "the rerun did not begin",
            found=last_lines(folder.output) or f"a training command that ended with {code}",
            mend=f"see above, and {os.path.relpath(folder.output)}",
        )
    return code
