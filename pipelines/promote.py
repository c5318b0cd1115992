"""Register a run's model, if its numbers hold: `python pipelines/promote.py RUN [--alias NAME]`."""

from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Check the run's model, register it, and show what was compared."""
    parser = ArgumentParser(description="Register a run's best model after checking its numbers.")
    parser.add_argument("run", nargs="?", default="", help="its directory or its MLflow run's id")
    parser.add_argument("--uri", default="", help="the store; default: where the run is recorded")
    parser.add_argument("--name", default="", help="of the registered model; default: DATA-MODEL")
    parser.add_argument("--alias", default="champion", help="which of its versions this is to be")
    arguments = parser.parse_args()

    from latentsweep.tracking.records_on_disk import RUN_ID, find_run

    if not RUN_ID.fullmatch(arguments.run):
        find_run(arguments.run)  # its refusal needs no import of PyTorch

    from rich.console import Console
    from rich.table import Table

    from latentsweep.training.promotion import promote

    done = promote(arguments.run, arguments.uri, arguments.name, arguments.alias)
    title = f"recomputed from the model in MLflow: its run's best, step {done.step}"
    table = Table(title=title, title_justify="left")
    for heading in ("metric", "recorded", "recomputed", "may differ by"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for each in done.comparisons:
        table.add_row(
            each.name, f"{each.recorded:.4f}", f"{each.recomputed:.4f}", f"{each.tolerance:.4f}"
        )
    Console(highlight=False).print(table)
    print(f"served:     reconstructions differ by {done.served_difference:.1e} at most")
    print(f"registered: {done.name}, version {done.version}, alias {done.alias}")
    print(f'load:       mlflow.set_tracking_uri("{done.uri}")')
    print(f'            mlflow.pyfunc.load_model("models:/{done.name}@{done.alias}")')


if __name__ == "__main__":
    with errors_to_terminal():
        main()
