"""MLflow's registry: a model that a run has logged, fetched, and given a name and an alias."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentsweep.errors import ConfigError
from latentsweep.tracking.asked_store import AskedStore
from latentsweep.tracking.logged_model import find_model
from latentsweep.tracking.uri import without_credentials

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class FetchedModel:
    """A run's model, as the store gives it to anyone.

    Attributes:
        run_id: the MLflow run that logged it.
        model_id: its id in MLflow.
        directory: where it was fetched to.
        exported: the files that `models.exported.load_model` reads, in there.
    """

    run_id: str
    model_id: str
    directory: Path
    exported: Path


class Registry(AskedStore):
    """The models of one store."""

    def fetch(self, run_id: str, directory: Path) -> FetchedModel:
        """Fetch the model that a run has logged.

        Args:
            run_id: of the MLflow run.
            directory: where its files go; must exist.

        Raises:
            ConfigError: there is no such run, or it has logged no model.
        """
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            model = find_model(self.client, run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise self.unreachable(str(error)) from None
            raise ConfigError(
                f"there is no run {run_id} in {self.shown}",
                expected="the id of one of its runs, or a run's directory here",
                mend="RUN=runs/NAME, or URI= another store",
            ) from None
        if model is None:
            raise ConfigError(
                f"the run {run_id} has logged no model",
                expected="a run that was trained with tracking.log_model=true",
                mend="from where it was trained: make promote RUN=runs/NAME, which exports it",
            )
        with self.asking():
            place = mlflow.artifacts.download_artifacts(
                artifact_uri=model.artifact_location,  # `models:/ID` would ask the default store
                dst_path=str(directory),
                tracking_uri=self.uri,
            )
        return FetchedModel(run_id, model.model_id, Path(place), Path(place) / "artifacts")

    def recorded(self, run_id: str, step: int) -> dict[str, float]:
        """The metrics of the validation split that a run has on record at a step, by name."""
        found = {}
        with self.asking():
            metrics = self.client.get_run(run_id).data.metrics
            for name in (name for name in metrics if name.startswith("val/")):
                for point in self.client.get_metric_history(run_id, name):
                    if point.step == step:
                        found[name] = point.value
        return found

    def register(self, model: FetchedModel, name: str, alias: str) -> int:
        """Give a model a name and an alias, which another version may have had; once only.

        Args:
            model: what was fetched, and has passed whatever test there is.
            name: of the registered model; created if missing.
            alias: which of its versions this is to be, such as `champion`.

        Returns:
            The version.

        Raises:
            ConfigError: the store refuses the name or the alias.
        """
        from mlflow.exceptions import MlflowException

        try:
            try:
                self.client.create_registered_model(name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            version = self._version(model, name)
            self.client.set_registered_model_alias(name, alias, str(version))
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise self.unreachable(str(error)) from None
            raise ConfigError(
                f"the store refuses the name {name} with the alias {alias}",
                found=" ".join(without_credentials(str(error)).split())[:200],
                mend="NAME=... and ALIAS=... of letters and digits",
            ) from None
        return version

    def _version(self, model: FetchedModel, name: str) -> int:
        for known in self.client.search_model_versions(f"name = '{name}'"):
            if known.run_id == model.run_id and str(known.source).endswith(model.model_id):
                return int(known.version)
        with _default_store(self.uri):  # which a database asks for the model, whichever it is
            made = self.client.create_model_version(
                name, f"models:/{model.model_id}", run_id=model.run_id, model_id=model.model_id
            )
        return int(made.version)


@contextmanager
def _default_store(uri: str) -> Iterator[None]:
    """Make a store MLflow's default for a while."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def served_difference(
    directory: Path, images: "np.ndarray[Any, Any]", expected: "np.ndarray[Any, Any]"
) -> float:
    """By how much the reconstructions differ that one gets who has MLflow and PyTorch alone.

    Args:
        directory: a fetched model's.
        images: (n, channels, height, width), float32.
        expected: their reconstructions by the trained model, of the same shape.

    Returns:
        The largest difference of a pixel.
    """
    import mlflow

    return float(abs(mlflow.pyfunc.load_model(str(directory)).predict(images) - expected).max())
