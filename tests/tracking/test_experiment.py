import json
import uuid

from latentsweep.tracking.experiment import dashboard_link, describe_experiment, runs_page


def test_an_experiment_gets_its_note_and_its_view_once(uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    experiment = client.create_experiment(uuid.uuid4().hex)
    describe_experiment(client, experiment)
    tags = client.get_experiment(experiment).tags
    assert "nats per image" in tags["mlflow.note.content"]
    view = json.loads(tags["mlflow.sharedViewState.latentsweep"])
    assert "metrics.`val/elbo`" in view["selectedColumns"]
    assert "viewStateShareKey=latentsweep" in runs_page(experiment)
    describe_experiment(client, experiment)
    assert client.get_experiment(experiment).tags == tags


def test_a_note_that_a_person_wrote_stays(uri: str) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    note = {"mlflow.note.content": "ours"}
    experiment = client.create_experiment(uuid.uuid4().hex, tags=note)
    describe_experiment(client, experiment)
    tags = client.get_experiment(experiment).tags
    assert tags["mlflow.note.content"] == "ours"
    assert "mlflow.sharedViewState.latentsweep" in tags


def test_a_link_leads_to_the_view_for_models() -> None:
    assert dashboard_link("http://h:1/", "experiments/1").endswith(
        "h:1/#/experiments/1?workflowType=machine_learning"
    )
    assert dashboard_link("http://h:1", runs_page("1")).endswith("&workflowType=machine_learning")
