"""What is wrong with an experiment, in words."""

from latentsweep.errors import TrackingError


def deleted_experiment(name: str, uri: str) -> TrackingError:
    """The error for an experiment that someone has deleted.

    Args:
        name: of the experiment.
        uri: of the store, without credentials.
    """
    return TrackingError(
        f"the experiment {name} is deleted",
        found=f"it is among the deleted ones of {uri}, and takes no runs",
        expected="an experiment that is active, or none of that name",
        mend="file the runs under another name: tracking.experiment=NAME; or restore it: "
        f"MLFLOW_TRACKING_URI={uri} .venv/bin/mlflow experiments restore --experiment-id ID",
    )
