import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import latentsweep
from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.journal import read_journal
from latentsweep.tracking.link import Link
from latentsweep.tracking.records import File, Image, Metrics, Params, Tags

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
LARGEST = sys.float_info.max


@dataclass
class Content:
    """What is told of a run, its name and status aside, in a form in which duplicates show."""

    points: list[tuple[str, str, int, int]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)


def journal_content(run_dir: Path) -> Content:
    content = Content()
    for record, _ in read_journal(run_dir / "journal.jsonl"):
        if isinstance(record, Metrics):
            for name, value in record.values.items():
                # MLflow stores an infinity as the largest number.
                stored = math.copysign(LARGEST, value) if math.isinf(value) else value
                content.points.append((name, repr(stored), record.time, record.step))
        elif isinstance(record, Params):
            content.params |= record.values
        elif isinstance(record, Tags):
            named = {name: value for name, value in record.values.items() if "runName" not in name}
            content.tags |= named
        elif isinstance(record, File):
            content.files.add(record.artifact_path)
        elif isinstance(record, Image):
            content.tags["mlflow.loggedImages"] = "True"
            content.files |= {
                f"images/{record.name}.png",
                f"images/{record.name}+compressed.webp",
            }
    content.points.sort()
    return content


def mlflow_content(uri: str, run_id: str) -> Content:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    run = client.get_run(run_id)
    own = ("status", "latentsweep.run_uid", "mlflow.runName")
    points = [
        (point.key, repr(point.value), point.timestamp, point.step)
        for name in run.data.metrics
        for point in client.get_metric_history(run_id, name)
    ]
    files: set[str] = set()
    folders = [""]
    while folders:
        for entry in client.list_artifacts(run_id, folders.pop()):
            if entry.is_dir:
                folders.append(entry.path)
            else:
                files.add(entry.path)
    tags = {name: value for name, value in run.data.tags.items() if name not in own}
    return Content(sorted(points), dict(run.data.params), tags, files)


@pytest.fixture(scope="session")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real sqlite store, made once: making one takes seconds."""
    from latentsweep.tracking.store import open_store

    address = f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"
    open_store(address)
    return address


@pytest.fixture
def config() -> Callable[..., TrackingConfig]:
    def make(name: str, uri: str | None) -> TrackingConfig:
        return TrackingConfig(
            name=name,
            uri=uri,
            experiment="tests",
            every_n_steps=1,
            images_every_n_epochs=1,
            system_metrics_every_seconds=0.0,
            log_model=False,
            wait_seconds=60.0,
        )

    return make


@pytest.fixture
def ship_all() -> Callable[[Path, str], Link]:
    """Ships a journal as the synchroniser does once the trainer has ended."""

    def ship(run_dir: Path, uri: str) -> Link:
        link = Link(run_dir, uri, "tests", live=False)
        more = True
        while more:
            problem, more = link.advance(link.journal_size())
            assert problem == ""
        return link

    return ship


@pytest.fixture
def child_environment() -> dict[str, str]:
    """Environment in which a child process finds this very package."""
    source = str(Path(latentsweep.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": source, "MLFLOW_DISABLE_TELEMETRY": "true"}


@pytest.fixture
def told_by_journal() -> Callable[[Path], Content]:
    return journal_content


@pytest.fixture
def told_by_mlflow() -> Callable[[str, str], Content]:
    return mlflow_content
