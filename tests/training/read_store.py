"""Prints the runs of an MLflow store as JSON. Usage: python read_store.py URI."""

import json
import sys

from mlflow.entities import FileInfo
from mlflow.tracking import MlflowClient


def main() -> None:
    client = MlflowClient(sys.argv[1])
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    print(
        json.dumps([describe(client, run.info.run_id) for run in client.search_runs(experiments)])
    )


def describe(client: MlflowClient, run_id: str) -> dict[str, object]:
    run = client.get_run(run_id)
    return {
        "id": run_id,
        "status": run.info.status,
        "tags": run.data.tags,
        "params": run.data.params,
        "points": [
            (name, point.step)
            for name in run.data.metrics
            for point in client.get_metric_history(run_id, name)
        ],
        "artifacts": [
            file.path
            for top in client.list_artifacts(run_id)
            for file in (client.list_artifacts(run_id, top.path) if top.is_dir else [top])
            if isinstance(file, FileInfo)
        ],
    }


if __name__ == "__main__":
    main()
