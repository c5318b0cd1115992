"""What a reviewer meets first in MLflow: how to read the experiment, and the columns that matter.

MLflow's run table shows no metric by default. A view that is shared by a link is kept as a tag of
the experiment, so the link that the pipelines print can bring its columns with it.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_VIEW = "latentsweep"
_VIEW_TAG = f"mlflow.sharedViewState.{_VIEW}"
NOTE_TAG = "mlflow.note.content"
_KIND_TAG = "mlflow.experimentKind"
# In this order, by MLflow's names, with widths in pixels; together they fit a laptop's screen.
_COLUMNS = {
    "attributes.`Run Name`": 250,
    "runDateAndNestInfo": 145,
    "tags.`status`": 100,
    "metrics.`val/elbo`": 90,
    "metrics.`val/reconstruction`": 135,
    "metrics.`val/kl`": 80,
    "metrics.`val/active_units`": 120,
    "params.`model.latent_size`": 130,
    "params.`model.beta`": 95,
    "attributes.`Models`": 90,
    "attributes.`Dataset`": 175,
    "duration": 80,
}
# Those are always there.
_FIXED = ("attributes.`Run Name`", "runDateAndNestInfo", "duration")
_NOTE = Path(__file__).with_name("experiment_note.md")


def runs_page(experiment_id: str) -> str:
    """The dashboard's page of an experiment's runs, with the columns that matter."""
    return f"experiments/{experiment_id}/runs?viewStateShareKey={_VIEW}"


def dashboard_link(server: str, page: str = "experiments") -> str:
    """The address of a page in MLflow's view for models, which is not the one that it opens in.

    Args:
        server: address of the server.
        page: of the dashboard, such as `runs_page` gives.
    """
    separator = "&" if "?" in page else "?"
    return f"{server.rstrip('/')}/#/{page}{separator}workflowType=machine_learning"


def experiment_tags() -> dict[str, str]:
    """The tags by which MLflow shows an experiment with its note and its view."""
    return {
        NOTE_TAG: _NOTE.read_text(),
        _VIEW_TAG: json.dumps(_view()),
        _KIND_TAG: "custom_model_development",
    }


def describe_experiment(client: "MlflowClient", experiment_id: str) -> None:
    """Give an experiment its note and its view; a note that a person wrote stays.

    Raises:
        mlflow.exceptions.MlflowException: if the store does not answer.
    """
    tags = client.get_experiment(experiment_id).tags
    for name, value in experiment_tags().items():
        if tags.get(name) != value and not (name == NOTE_TAG and name in tags):
            client.set_experiment_tag(experiment_id, name, value)


def _view() -> dict[str, object]:
    """The state of MLflow 3.17's run table."""
    return {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [name for name in _COLUMNS if name not in _FIXED],
        "columnOrder": ["0", *_COLUMNS],
        "columnWidths": {"0": 72, **_COLUMNS},
    }
