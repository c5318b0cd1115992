"""Reruns from MLflow alone, of runs, registered models and strangers; seeds and differences."""

import csv
import re
import shutil

import pytest
from mlflow.tracking import MlflowClient

from latentsweep.metrics.interval import mean_interval
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.stored_runs import StoredRuns

from .conftest import SMALL, Changed, Project

# None where the machine would be told of.
TRACKED = [text for text in SMALL if text != "tracking=off"]


@pytest.fixture(scope="module")
def recorded(project: Project) -> RecordedRun:
    """A run that lies in MLflow, registered, and no more on disk."""
    project.run("train.py", *TRACKED)
    (run_dir,) = project.runs
    project.run("promote.py", str(run_dir))
    run = read_recorded(run_dir)
    shutil.move(run_dir, project.place / "elsewhere")
    return run


@pytest.fixture(scope="module")
def client(project: Project) -> MlflowClient:
    return MlflowClient(f"sqlite:///{project.place}/mlflow.db")


@pytest.mark.parametrize(
    "name", ["digits-beta_vae@champion", "digits-beta_vae/1", "digits-beta_vae"]
)
def test_a_model_is_found_by_alias_version_or_name(
    project: Project, recorded: RecordedRun, name: str
) -> None:
    store = StoredRuns(f"sqlite:///{project.place}/mlflow.db")
    assert store.run_of_model(f"models:/{name}") == id_of(recorded)


def id_of(run: RecordedRun) -> str:
    assert run.identity
    return run.identity.run_id


def test_a_run_is_trained_again_from_its_id_and_both_are_told(
    project: Project, recorded: RecordedRun, client: MlflowClient
) -> None:
    told = project.run("rerun.py", id_of(recorded))
    assert "IDENTICAL" in told
    assert "and the last weights" in told
    first = client.get_run(id_of(recorded))
    again = client.get_run(first.data.tags["rerun.verdict_by"])
    assert again.data.tags["rerun_of"] == id_of(recorded)
    assert first.data.tags["rerun.verdict"] == again.data.tags["rerun.verdict"]
    assert first.data.tags["rerun.verdict"].startswith("IDENTICAL: ")
    for run in (first, again):
        files = [file.path for file in client.list_artifacts(run.info.run_id, "rerun")]
        assert len(files) == 1
    assert again.info.run_name == f"rerun 1 of {recorded.name}"


def test_a_registered_model_is_its_runs(project: Project, recorded: RecordedRun) -> None:
    for name in (
        "digits-beta_vae@champion",
        "models:/digits-beta_vae/1",
        "models:/digits-beta_vae",
    ):
        told = project.run("rerun.py", name, "--dry")
        assert id_of(recorded) in told
    told = project.run("rerun.py", "models:/nobody", "--dry", code=2)
    assert "there is no registered model nobody" in told
    assert "the models digits-beta_vae" in told


def test_a_registered_model_is_evaluated_where_its_run_is_in_mlflow_alone(
    project: Project, recorded: RecordedRun, client: MlflowClient
) -> None:
    for again in range(2):
        told = project.run("evaluate.py", "models:/digits-beta_vae", "importance_samples=3")
        assert ("the same numbers, to the bit" in told) == bool(again)
    run = client.get_run(id_of(recorded))
    assert run.data.metrics["test/nll"] > 0
    (point,) = client.get_metric_history(id_of(recorded), "test/nll")
    assert point.step == 0
    files = {file.path for file in client.list_artifacts(id_of(recorded), "test")}
    assert {"test/scores.json", "test/evaluation.html", "test/traversals.png"} <= files
    project.run("evaluate.py", id_of(recorded), "importance_samples=4")
    points = client.get_metric_history(id_of(recorded), "test/nll")
    assert sorted(point.step for point in points) == [0, 1]


def test_an_id_that_no_run_has_is_told(project: Project, recorded: RecordedRun) -> None:
    told = project.run("rerun.py", "0" * 32, code=2)
    assert f"there is no run {'0' * 32} in sqlite:///mlflow.db" in told
    told = project.run("rerun.py", id_of(recorded), "--uri", "sqlite:///none.db", code=2)
    assert "there is no" in told


@pytest.mark.usefixtures("recorded")
def test_another_projects_run_is_refused(project: Project, client: MlflowClient) -> None:
    stranger = client.create_run("0", run_name="theirs", tags={"mlflow.source.name": "other.py"})
    told = project.run("rerun.py", stranger.info.run_id, code=2)
    assert "is none of latentsweep's" in told
    assert "a run of other.py named theirs" in told


def test_seeds_are_summed_up_and_grouped_and_not_trained_again(
    project: Project, recorded: RecordedRun, client: MlflowClient
) -> None:
    command = ("seeds.py", id_of(recorded), "--n", "3", "--code", "current", "model.beta=2")
    told = project.run(*command)
    found = re.search(r"group: +(\S+)\nMLflow run: (\w+)", told)
    assert found, told
    group = client.get_run(found.group(2))
    children = client.search_runs(
        [group.info.experiment_id], f"tags.`mlflow.parentRunId` = '{found.group(2)}'"
    )
    assert sorted(run.data.tags["seed"] for run in children) == ["0", "1", "2"]
    assert {run.data.params["model.beta"] for run in children} == {"2.0"}
    expected = mean_interval([run.data.metrics["val/elbo"] for run in children])
    metrics = group.data.metrics
    assert metrics["val/elbo"] == pytest.approx(expected.mean)
    assert metrics["val/elbo/deviation"] == pytest.approx(expected.deviation)
    assert metrics["val/elbo/low95"] == pytest.approx(expected.low)
    assert metrics["val/elbo/high95"] == pytest.approx(expected.high)
    assert (group.info.status, group.data.tags["rerun_of"]) == ("FINISHED", id_of(recorded))
    table = project.place / found.group(1) / "files" / "seeds.csv"
    rows = list(csv.DictReader(table.open()))
    assert [row["seed"] for row in rows] == ["0", "1", "2"]

    folder = project.place / found.group(1)
    (folder / "verdict.json").unlink()  # as if it had been killed before its end
    runs = {path: path.stat().st_mtime_ns for path in folder.glob("trials/*/*/run.json")}
    assert len(runs) == 3
    assert "seed 0" not in project.run(*command)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("trials/*/*/run.json")} == runs


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--n", "1"), "one repetition has no spread"), (("seed=3",), "make seeds varies")],
)
def test_seeds_that_cannot_be(
    project: Project, recorded: RecordedRun, arguments: tuple[str, ...], told: str
) -> None:
    assert told in project.run("seeds.py", id_of(recorded), *arguments, code=2)


def test_two_runs_are_told_side_by_side_in_code_config_and_metrics(
    project: Project, recorded: RecordedRun, client: MlflowClient, changed: Changed
) -> None:
    changed("src/latentsweep/models/vae.py", "-terms.log", "-1.0001 * terms.log")
    project.run("train.py", *TRACKED, "model.beta=3")
    (other,) = (read_recorded(path) for path in project.runs)
    told = project.run("diff.py", id_of(recorded), id_of(other))
    assert re.search(r"│ model.beta +│ 4.0 +│ 3.0 ", told)
    assert re.search(r"\+ +return -1.0001 \* terms", told)
    assert re.search(r"│ val/elbo .*│ +step 11 │", told)
    (page,) = project.place.glob("diffs/*.html")
    html = page.read_text()
    assert all(text in html for text in ("<svg", "model.beta", "-1.0001 * terms", "val/elbo"))
    assert not re.search(r"(src|href)=.https?:", html)
    for run in (recorded, other):
        assert [file.path for file in client.list_artifacts(id_of(run), "diffs")]
