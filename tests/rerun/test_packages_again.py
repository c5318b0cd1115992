"""A rerun with packages in the versions on record, where these are others."""

import json
import shutil
from pathlib import Path

import pytest

from latentsweep.tracking.recorded import read_recorded

from .conftest import SMALL, Project


@pytest.fixture(scope="module")
def recorded(project: Project) -> Path:
    project.run("train.py", *SMALL)
    return project.runs[0]


def with_version(recorded: Path, copy: Path, version: str) -> Path:
    """A copy of a record that tells of another version of a package."""
    shutil.copytree(recorded, copy)
    path = copy / "files" / "provenance-1.json"
    content = json.loads(path.read_text())
    content["packages"]["cmaes"] = version
    path.write_text(json.dumps(content))
    return copy


def test_recorded_versions_are_installed_for_the_rerun_alone(
    project: Project, recorded: Path, tmp_path: Path
) -> None:
    from importlib.metadata import version

    older = with_version(recorded, tmp_path / "older", "0.12.0")
    told = project.run("rerun.py", str(older))
    assert "installing the recorded versions: cmaes==0.12.0" in told
    assert "IDENTICAL" in told
    (again,) = project.place.glob("reruns/older-1/*/journal.jsonl")
    provenance = json.loads(read_recorded(again.parent).text("provenance-1.json") or "")
    assert provenance["packages"]["cmaes"] == "0.12.0"
    assert version("cmaes") != "0.12.0"
    told = project.run("rerun.py", str(older), "--packages", "current", "--steps", "3")
    assert "installing" not in told


def test_versions_that_cannot_be_had_are_told(
    project: Project, recorded: Path, tmp_path: Path
) -> None:
    none = with_version(recorded, tmp_path / "none", "0.0.999")
    told = project.run("rerun.py", str(none), code=2)
    assert "the recorded versions of packages cannot be installed" in told
    assert "cmaes==0.0.999" in told
    assert "PACKAGES=current" in told
