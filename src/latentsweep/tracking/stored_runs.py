"""The runs of a store: what is on record of them, for whoever does not have their directories."""

import math
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.errors import ConfigError
from latentsweep.tracking.asked_store import AskedStore
from latentsweep.tracking.note import Note
from latentsweep.tracking.progress import Identity
from latentsweep.tracking.recorded import Curve, RecordedRun, is_of_training, read_bytes
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.store import RUN_UID_TAG

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run
    from mlflow.entities.model_registry import ModelVersion

_PARENT = "mlflow.parentRunId"
_A_PAGE = 1000
_REGISTERED = "models:/"


class StoredRuns(AskedStore):
    """The runs of one store."""

    def recorded(self, run_id: str, directory: Path) -> RecordedRun:
        """What is on record of a run.

        Args:
            run_id: of the MLflow run.
            directory: where files go that are asked for; must exist.

        Raises:
            ConfigError: there is no such run, or it is none of this project's.
        """
        run = self._run(run_id)
        tags = dict(run.data.tags)
        if RUN_UID_TAG not in tags:
            source = tags.get("mlflow.source.name", "another program")
            raise ConfigError(
                f"the run {run_id} in {self.shown} is none of latentsweep's",
                found=f"a run of {source} named {run.info.run_name}, without the tag {RUN_UID_TAG}",
                expected="a run that make train or make sweep recorded",
                mend="its metrics and files are in MLflow; it cannot be trained again here",
            )

        @cache
        def file(name: str) -> Path | None:
            return self._fetch(run_id, name, directory)

        def text(name: str) -> str | None:
            path = file(name)
            return read_bytes(path) if path else None

        with self.asking():
            metrics = {
                name: _curve(self.client.get_metric_history(run_id, name))
                for name in run.data.metrics
                if is_of_training(name)
            }
        return RecordedRun(
            name=run.info.run_name or run_id,
            uid=tags[RUN_UID_TAG],
            status=RunStatus(tags.get("status", RunStatus.RUNNING.value)),
            tags=tags,
            metrics=metrics,
            text=text,
            file=file,
            identity=Identity(run_id, run.info.experiment_id, self.shown),
        )

    def run_of_model(self, reference: str) -> str:
        """The run that a registered model is of.

        Args:
            reference: `models:/NAME@ALIAS`, `models:/NAME/VERSION`, the same without `models:/`, or
                a name alone, which is its newest version.

        Raises:
            ConfigError: there is no such model.
        """
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        name = reference.removeprefix(_REGISTERED)
        version: ModelVersion | None
        try:
            if "@" in name:
                version = self.client.get_model_version_by_alias(*name.rsplit("@", 1))
            elif "/" in name:
                version = self.client.get_model_version(*name.rsplit("/", 1))
            else:
                found = self.client.search_model_versions(f"name = '{name}'")
                version = max(found, key=lambda each: int(each.version), default=None)
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise self.unreachable(str(error)) from None
            version = None
        except (SQLAlchemyError, OSError) as error:
            raise self.unreachable(str(error)) from None
        if version is None or not version.run_id:
            with self.asking():
                names = sorted(model.name for model in self.client.search_registered_models())
            raise ConfigError(
                f"there is no registered model {name} in {self.shown}",
                found=f"the models {', '.join(names)}" if names else "no registered model",
                expected="RUN=models:/NAME@ALIAS, models:/NAME/VERSION, a run's directory or the "
                "id of its MLflow run",
            )
        return str(version.run_id)

    def children(self, run_id: str) -> list[str]:
        """The runs below a run, such as a sweep's trials, oldest first."""
        found: list[str] = []
        token: str | None = None
        with self.asking():
            experiment = self.client.get_run(run_id).info.experiment_id
            while True:
                page = self.client.search_runs(
                    [experiment],
                    f"tags.`{_PARENT}` = '{run_id}'",
                    max_results=_A_PAGE,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
                found += [run.info.run_id for run in page]
                token = page.token
                if not token:
                    return found

    def note(self, run_id: str, note: Note) -> None:
        """Put a note on a run's record there, where its directory is not at hand."""
        with self.asking():
            for name, value in note.tags.items():
                self.client.set_tag(run_id, name, value)
            for path, file in note.files.items():
                parent = str(Path(path).parent)
                self.client.log_artifact(run_id, str(file), None if parent == "." else parent)
            if note.metrics:
                self._add_metrics(run_id, note.metrics)
            for path, text in note.texts.items():
                self.client.log_text(run_id, text, path)

    def _add_metrics(self, run_id: str, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        last = [
            point.step
            for name in self.client.get_run(run_id).data.metrics
            if name in values
            for point in self.client.get_metric_history(run_id, name)
        ]
        step, moment = max(last, default=-1) + 1, time.time_ns() // 1_000_000
        metrics = [Metric(name, value, moment, step) for name, value in values.items()]
        self.client.log_batch(run_id, metrics=metrics)

    def _run(self, run_id: str) -> "Run":
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return self.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise self.unreachable(str(error)) from None
        except (SQLAlchemyError, OSError) as error:
            raise self.unreachable(str(error)) from None
        raise ConfigError(
            f"there is no run {run_id} in {self.shown}",
            expected="a run's directory, the id of its MLflow run, or a registered model "
            "(models:/NAME@ALIAS)",
            mend="URI= another store, or RUN=runs/NAME from the directory that it was started in",
        )

    def _fetch(self, run_id: str, name: str, directory: Path) -> Path | None:
        """One of the run's files; None where it has none of that name."""
        with self.asking():
            parent = str(Path(name).parent)
            listed = self.client.list_artifacts(run_id, None if parent == "." else parent)
            if name not in (each.path for each in listed):
                return None
            own = directory / run_id
            own.mkdir(exist_ok=True)
            return Path(self.client.download_artifacts(run_id, name, str(own)))


def _curve(points: "list[Metric]") -> Curve:
    """Values by step, of several at a step the first; MLflow keeps infinities as large numbers."""
    curve: Curve = {}
    for point in sorted(points, key=lambda each: (each.step, each.timestamp)):
        value = float(point.value)
        largest = abs(value) >= sys.float_info.max
        curve.setdefault(point.step, math.copysign(math.inf, value) if largest else value)
    return curve
