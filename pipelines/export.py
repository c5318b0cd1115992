"""A run's journal as a table: `python pipelines/export.py RUN [--format parquet] [--to DIR]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import get_args

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Write the table and print where it is; MLflow is not needed."""
    parser = ArgumentParser(description="Write a run's points as CSV or Parquet.")
    parser.add_argument("run", nargs="?", default="", help="its directory or its MLflow run's id")
    parser.add_argument("--format", default="csv", help="csv or parquet")
    parser.add_argument("--to", type=Path, help="directory; default: export/ in the run's own")
    arguments = parser.parse_args()

    from latentsweep.errors import ConfigError
    from latentsweep.tracking.export import Format, export_journal
    from latentsweep.tracking.records_on_disk import find_run

    if arguments.format not in get_args(Format):
        raise ConfigError(
            f"{arguments.format} is no format of a table",
            expected=" or ".join(f"FORMAT={name}" for name in get_args(Format)),
        )
    run_dir = find_run(arguments.run)
    for path in export_journal(run_dir, arguments.to or run_dir / "export", arguments.format):
        print(path)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
