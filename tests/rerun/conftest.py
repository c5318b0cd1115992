"""A project of its own in a repository of its own, with small real runs in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from latentsweep.config.project import ROOT

from ..training.conftest import SMALL as ONE_RUN

SMALL = (*ONE_RUN, "network.hidden_sizes=[32]", "tracking.images_every_n_epochs=0")
NO_VARIABLES: Mapping[str, str] = {}
_COPIED = ("src", "conf", "pipelines", "requirements.lock", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Project:
    """A copy of this project, committed, and a directory in which its commands are given.

    Attributes:
        root: of the copy.
        place: where runs go.
    """

    root: Path
    place: Path

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        command = ["git", *who, *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def command(self, script: str, *arguments: str) -> list[str]:
        return [sys.executable, str(self.root / "pipelines" / script), *arguments]

    def start(
        self, script: str, *arguments: str, variables: Mapping[str, str] = NO_VARIABLES
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(script, *arguments),
            cwd=self.place,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(
        self,
        script: str,
        *arguments: str,
        code: int | None = 0,
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> str:
        """What a command prints, whose exit code is to be `code`; None: any."""
        process = self.start(script, *arguments, variables=variables)
        text, _ = process.communicate(timeout=300)
        assert code is None or process.returncode == code, text
        return text

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.root / "src"), "COLUMNS": "200"}

    @property
    def runs(self) -> list[Path]:
        return sorted(path.parent for path in self.place.glob("runs/*/journal.jsonl"))


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Project]:
    """Where a test module has a SUBDIRECTORY, the project lies in that one of its repository."""
    top = tmp_path_factory.mktemp("project")
    root = top / getattr(request.module, "SUBDIRECTORY", "")
    root.mkdir(exist_ok=True)
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, root / name, ignore=ignored)
        else:
            shutil.copy(source, root / name)
    (root / ".gitignore").write_text("__pycache__/\n.recorded/\n")
    copy = Project(root, tmp_path_factory.mktemp("place"))
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True)
    copy.git("add", ".")
    copy.git("commit", "-q", "-m", "as it is")
    yield copy
    assert list(root.glob(".recorded/tmp*")) == [], "a checkout was left behind"
    assert copy.git("worktree", "list").count("\n") == 0


Changed = Callable[[str, str, str], None]


@pytest.fixture
def changed(project: Project) -> Iterator[Changed]:
    """Replaces a text in a file of the project until the test's end."""
    before: dict[Path, str] = {}

    def change(name: str, old: str, new: str) -> None:
        path = project.root / name
        text = path.read_text()
        before.setdefault(path, text)
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    yield change
    for path, text in before.items():
        path.write_text(text)
