"""From a recorded run to a registered model, if its numbers can be computed again."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from latentsweep.config.checks import refuse_password
from latentsweep.config.typed import from_values
from latentsweep.data.splits import load
from latentsweep.errors import (
    CheckpointError,
    ConfigError,
    LatentsweepError,
    RunBusyError,
    TrackingError,
)
from latentsweep.tracking.destination import read_destination
from latentsweep.tracking.journal import is_at_work
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.logged_model import MODEL_NAME
from latentsweep.tracking.progress import read_identity
from latentsweep.tracking.records_on_disk import RUN_ID, find_run
from latentsweep.tracking.registry import FetchedModel, Registry, served_difference
from latentsweep.tracking.sync import sync
from latentsweep.tracking.uri import resolve_uri, without_credentials
from latentsweep.training.best_model import record_best_model
from latentsweep.training.checkpoint_file import BELONGS_TO, BEST, read_checkpoint
from latentsweep.training.recomputation import Comparison, Recomputed, recompute
from latentsweep.training.rundir import read as read_run

_LARGEST_DIFFERENCE = 1e-5  # of a pixel's mean, between the served and the trained model


@dataclass(frozen=True)
class Promotion:
    """What became of it.

    Attributes:
        name: of the registered model.
        alias: which of its versions it is.
        version: the version.
        step: optimiser step of the model, its run's best one.
        comparisons: recorded and recomputed metrics.
        served_difference: of a pixel, between the served model and the trained one.
        uri: of the store, without credentials.
    """

    name: str
    alias: str
    version: int
    step: int
    comparisons: list[Comparison]
    served_difference: float
    uri: str


def promote(reference: str, uri: str, name: str, alias: str) -> Promotion:
    """Register a run's model after checking that it gives the run's recorded numbers.

    Args:
        reference: a run's directory, or the id of its MLflow run.
        uri: of the store, for a run that is not here; empty: where the run is recorded.
        name: of the registered model; empty: after data and model.
        alias: which of its versions this is to be.

    Raises:
        LatentsweepError: the run cannot be found or shipped, or its numbers cannot be reproduced;
            nothing was registered.
    """
    refuse_password(uri, "URI")
    run_id, uri = _in_mlflow(reference, uri)
    registry = Registry(uri)
    with TemporaryDirectory() as directory:
        model = registry.fetch(run_id, Path(directory))
        again = recompute(model.exported)
        comparisons = again.compare(registry.recorded(run_id, again.step))
        difference = _check(model, again, comparisons)
        chosen = name or _name_of(model)
        version = registry.register(model, chosen, alias)
    return Promotion(
        name=chosen,
        alias=alias,
        version=version,
        step=again.step,
        comparisons=comparisons,
        served_difference=difference,
        uri=without_credentials(resolve_uri(uri)),
    )


def _in_mlflow(reference: str, uri: str) -> tuple[str, str]:
    """The run's id and its store; a run that lies here is shipped first."""
    try:
        run_dir = find_run(reference)
    except ConfigError:
        if uri and RUN_ID.fullmatch(reference):
            return reference, uri
        raise
    if is_at_work(run_dir):
        raise RunBusyError(
            f"the run {run_dir} is being trained at this moment",
            mend="wait for it, or stop it: a stopped run can be promoted, too",
        )
    _export_if_needed(run_dir)
    destination = read_destination(run_dir)
    if destination is None:
        raise ConfigError(
            f"the run {run_dir} is in no store",
            found="it was recorded with tracking=off",
            mend=f"make sync RUN={run_dir} URI=sqlite:///mlflow.db, then the same again",
        )
    if uri and resolve_uri(uri, "URI") != destination.uri:
        raise ConfigError(
            f"the run {run_dir} is recorded in another store",
            found=destination.uri,
            expected=f"URI={destination.uri}, or none",
            mend=f"make sync RUN={run_dir} URI={uri} takes it there; then the same again",
        )
    outcome = sync([run_dir])
    identity = read_identity(run_dir)
    if outcome.left or identity is None:
        raise TrackingError(
            f"the run {run_dir} cannot be shipped to {destination.uri}",
            found=next(iter(outcome.left.values()), "no answer"),
            mend="mend that, then the same again",
        )
    return identity.run_id, uri or destination.uri


def _export_if_needed(run_dir: Path) -> None:
    """Export the run's best checkpoint unless that was done when it was trained."""
    run = read_run(run_dir)
    if run is None:
        raise ConfigError(
            f"{run_dir} is no training run",
            found="a sweep's own record, or something else",
            expected="a run's directory: of a sweep, one of its trials",
            mend=f"RUN={run_dir}/trials/SLOT/NAME, or the MLflow id of a trial",
        )
    with closing(JournalRecorder(run_dir)) as recorder:
        if MODEL_NAME in recorder.models:
            return
        if not (run.checkpoints / BEST).exists():
            raise CheckpointError(
                f"the run {run_dir} has no best model yet",
                found=f"no {BEST} in its checkpoints",
                mend="the command that trains it goes on: one is kept at each epoch's end",
            )
        content = read_checkpoint(run.checkpoints / BEST)
        config = from_values(content[BELONGS_TO]["config"])
        record_best_model(recorder, run, load(config.data, config.seed).val)


def _check(model: FetchedModel, again: Recomputed, comparisons: list[Comparison]) -> float:
    """Refuse a model that does not give the numbers on record."""
    wrong = [each for each in comparisons if not each.agrees]
    if wrong or not comparisons:
        found = ", ".join(f"{each.name} {each.recomputed:.4f}" for each in wrong)
        expected = ", ".join(f"{each.name} {each.recorded:.4f}" for each in wrong)
        raise LatentsweepError(
            "the recorded metrics cannot be recomputed from the model; nothing was registered",
            found=found or f"no metric of the validation split on record at step {again.step}",
            expected=expected,
            mend="look for what has changed since: code, data, or the model's files",
        )
    difference = served_difference(
        model.directory, again.images.numpy(), again.reconstructions.numpy()
    )
    if difference > _LARGEST_DIFFERENCE:
        raise LatentsweepError(
            "the served model does not reconstruct as the trained one; nothing was registered",
            found=f"pixels that differ by {difference:g}",
            expected=f"at most {_LARGEST_DIFFERENCE:g}",
            mend="train it again, or report this: it is a fault of this software",
        )
    return difference


def _name_of(model: FetchedModel) -> str:
    """A name for the registered model, from what lies beside it."""
    import yaml

    from latentsweep.models.exported import CONFIG

    config = from_values(yaml.safe_load((model.exported / CONFIG).read_text()))
    return f"{config.data.name}-{config.model.name}"
