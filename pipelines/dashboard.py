"""MLflow's dashboard on this machine: `python pipelines/dashboard.py [--port PORT] [--uri URI]`."""

from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Print where the runs are seen, and serve until Ctrl-C."""
    parser = ArgumentParser(description="Open MLflow's dashboard on this machine alone.")
    parser.add_argument("--uri", default="sqlite:///mlflow.db", help="the store that it shows")
    parser.add_argument("--port", type=int, default=5000, help="port to listen on")
    parser.add_argument("--page", default="", help="a page of it, such as experiments/1/runs/ID")
    parser.add_argument("--experiment", default="latentsweep", help="the one whose runs it shows")
    arguments = parser.parse_args()

    from latentsweep.tracking.dashboard import serve

    serve(arguments.uri, arguments.port, arguments.page, arguments.experiment)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
