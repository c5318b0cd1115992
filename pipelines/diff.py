"""Two recorded runs side by side: `python pipelines/diff.py A B [--uri URI]`."""

from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal
from latentsweep.errors import ConfigError


def main() -> None:
    """Tell how they differ, and write the page."""
    parser = ArgumentParser(description="How two recorded runs differ.")
    parser.add_argument("first", help="a run's directory, its MLflow run's id, models:/NAME@ALIAS")
    parser.add_argument("second", help="likewise")
    parser.add_argument("--uri", default="", help="the store to ask for what is not here")
    options = parser.parse_args()
    for name, given in (("A", options.first), ("B", options.second)):
        if not given:
            raise ConfigError(
                f"{name}= is missing",
                expected="two runs: directories, ids of MLflow runs, or models:/NAME@ALIAS",
                mend="make diff A=runs/NAME B=runs/OTHER",
            )

    from latentsweep.rerun.difference import diff

    diff(options.first, options.second, options.uri)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
