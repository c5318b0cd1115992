"""Two recorded runs side by side: `python pipelines/diff.py A B [--uri URI]`."""

from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Tell how they differ, and write the page."""
    parser = ArgumentParser(description="How two recorded runs differ.")
    parser.add_argument("first", help="a run's directory, its MLflow run's id, models:/NAME@ALIAS")
    parser.add_argument("second", help="likewise")
    parser.add_argument("--uri", default="", help="the store to ask for what is not here")
    options = parser.parse_args()

    from latentsweep.rerun.difference import diff

    diff(options.first, options.second, options.uri)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
