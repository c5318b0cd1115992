"""From records to MLflow: what the next stretch of a journal holds, and how it is sent."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from latentsweep.tracking.files import write_whole
from latentsweep.tracking.journal import journal_size, read_journal
from latentsweep.tracking.logged_model import ship_model
from latentsweep.tracking.records import (
    Dataset,
    File,
    Image,
    Metrics,
    Model,
    Params,
    Record,
    Tags,
)
from latentsweep.tracking.store import patient_client

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    Entity = Metric | Param | RunTag

POINTS_A_SHIPMENT = 1000
FILES_A_SHIPMENT = 50
_DIGEST = 8  # characters of a data set's digest, of which the run table has no room for all
_REFUSALS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")

_log = logging.getLogger(__name__)


@dataclass
class Shipment:
    """What a stretch of the journal adds to the run.

    Attributes:
        points: (metric, value, time in ms, step).
        params: settings by name.
        tags: labels by name, the last value of each.
        files: source relative to the run directory, by artifact path.
        datasets: what the run learns from.
        models: directories of exported models relative to the run's, by name.
        end: offset in the journal behind the stretch.
        full: whether the stretch ended for its size, so that more may follow at once.
    """

    end: int
    full: bool = False
    points: list[tuple[str, float, int, int]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    datasets: list[Dataset] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)

    def has_room(self, record: Record) -> bool:
        """Whether `record` still fits in: MLflow takes 1,000 points a call."""
        if isinstance(record, Metrics):
            return not self.points or len(self.points) + len(record.values) <= POINTS_A_SHIPMENT
        return len(self.files) < FILES_A_SHIPMENT

    def add(self, record: Record) -> None:
        """Add one record."""
        if isinstance(record, Metrics):
            self.points += [
                (name, value, record.time, record.step) for name, value in record.values.items()
            ]
        elif isinstance(record, Params):
            self.params.update(record.values)
        elif isinstance(record, Tags):
            self.tags.update(record.values)
        elif isinstance(record, File):
            self.files[record.artifact_path] = record.source
        elif isinstance(record, Dataset):
            self.datasets.append(record)
        elif isinstance(record, Model):
            self.models[record.name] = record.directory
        elif isinstance(record, Image):
            for name in (f"images/{record.name}.png", f"images/{record.name}+compressed.webp"):
                self.files[name] = name
            # Without this tag the dashboard does not look for image series.
            self.tags["mlflow.loggedImages"] = "True"


def gather(journal: Path, offset: int, limit: int | None) -> Shipment:
    """The shipment that starts at `offset` and ends at byte `limit` at the latest."""
    shipment = Shipment(end=offset)
    size = journal_size(journal.parent)
    for record, end in read_journal(journal, offset):
        if limit is not None and end > limit:
            break
        if not shipment.has_room(record):
            shipment.full = True
            break
        shipment.add(record)
        shipment.end = end
    if not shipment.full:  # damaged lines at the end are behind it, too
        shipment.end = max(shipment.end, size if limit is None else min(size, limit))
    return shipment


def ship(client: "MlflowClient", run_id: str, run_dir: Path, shipment: Shipment) -> int:
    """Send a shipment; sending it again changes nothing.

    Returns:
        How many things were left out: refused by MLflow, or files that are gone.

    Raises:
        mlflow.exceptions.MlflowException: if the store does not answer; send it again later.
        OSError: if a file cannot be read or its store does not answer.
    """
    from mlflow.entities import Metric, Param, RunTag

    entities: list[Entity] = [Metric(*point) for point in shipment.points]
    entities += [Param(name, value) for name, value in shipment.params.items()]
    entities += [RunTag(name, value) for name, value in shipment.tags.items()]
    refused = _send(client, run_id, entities) if entities else 0
    if shipment.datasets:
        client.log_inputs(run_id, [_dataset_input(dataset) for dataset in shipment.datasets])
    with patient_client():
        for artifact_path, source in shipment.files.items():
            refused += not _send_file(client, run_id, run_dir / source, artifact_path)
        for name, directory in shipment.models.items():
            refused += not ship_model(client, run_id, run_dir / directory, name)
    return refused


def _dataset_input(dataset: Dataset) -> "DatasetInput":
    """The data set as MLflow shows it: its own tab of the run, and a column of the run table."""
    from mlflow.entities import Dataset as Entry
    from mlflow.entities import DatasetInput, InputTag

    entry = Entry(
        name=dataset.name,
        digest=dataset.digest[:_DIGEST],
        source_type="local",
        source=json.dumps({"uri": dataset.source}),
        profile=json.dumps({**dataset.profile, "sha256": dataset.digest}),
    )
    return DatasetInput(entry, [InputTag("mlflow.data.context", "training")])


def _send(client: "MlflowClient", run_id: str, entities: list[Any]) -> int:
    """Send all in one call or, if MLflow refuses a part of them, all but that part."""
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

    def of(kind: type[Any]) -> list[Any]:
        return [entity for entity in entities if isinstance(entity, kind)]

    try:
        client.log_batch(run_id, metrics=of(Metric), params=of(Param), tags=of(RunTag))
    except MlflowException as error:
        if error.error_code not in _REFUSALS or _deleted(client, run_id):
            raise
        if len(entities) == 1:
            _log.error("refused: %s: %s", entities[0].key, error.message)
            return 1
        middle = len(entities) // 2
        first = _send(client, run_id, entities[:middle])
        return first + _send(client, run_id, entities[middle:])
    return 0


def _deleted(client: "MlflowClient", run_id: str) -> bool:
    """Whether someone has deleted the run, which is why it takes nothing."""
    return bool(client.get_run(run_id).info.lifecycle_stage != "active")


def _send_file(client: "MlflowClient", run_id: str, source: Path, artifact_path: str) -> bool:
    """Send one file; False if there is none any more."""
    if source.name.endswith("+compressed.webp") and not source.exists():
        _write_thumbnail(source)
    if not source.is_file():
        _log.error("gone: %s, which was to be artifact %s", source, artifact_path)
        return False
    folder, _, name = artifact_path.rpartition("/")
    if source.name == name:
        client.log_artifact(run_id, str(source), folder or None)
        return True
    with TemporaryDirectory() as directory:
        # MLflow takes an artifact's name from the local file's.
        link = Path(directory) / name
        link.symlink_to(source)
        client.log_artifact(run_id, str(link), folder or None)
    return True


def _write_thumbnail(path: Path) -> None:
    """Write the compressed twin of an image, which the dashboard's grid shows.

    Made here and not by the recorder, so that training does not wait for it.
    """
    from mlflow.tracking.multimedia import compress_image_size
    from PIL import Image as Picture

    original = path.with_name(path.name.removesuffix("+compressed.webp") + ".png")
    if original.exists():
        with Picture.open(original) as picture:
            small = compress_image_size(picture)
        write_whole(path, lambda file: small.save(file, format="WEBP"))
