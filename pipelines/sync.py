"""Bring MLflow to agree with the journals: `python pipelines/sync.py [RUN ...] [--uri URI]`."""

import sys
from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> int:
    """Ship what MLflow lacks and say what became of it; 1 if something is left."""
    parser = ArgumentParser(description="Ship to MLflow what it lacks of runs and sweeps.")
    parser.add_argument("runs", nargs="*", metavar="RUN", help="default: all runs and sweeps here")
    parser.add_argument("--uri", help="another store for them from now on")
    parser.add_argument("--experiment", default="", help="with --uri: one for all of them")
    parser.add_argument(
        "--all", action="store_true", help="also what MLflow held whole: for a store made anew"
    )
    arguments = parser.parse_args()

    from latentsweep.config.checks import refuse_password
    from latentsweep.sweep.orphans import close_orphaned_sweeps
    from latentsweep.tracking.destination import Destination, read_destination
    from latentsweep.tracking.records_on_disk import PLACES, find_records, find_run
    from latentsweep.tracking.sync import show, sync
    from latentsweep.tracking.uri import resolve_uri
    from latentsweep.tracking.vanished import close_vanished

    to = None
    if arguments.uri:
        refuse_password(arguments.uri, "URI")
        to = Destination(resolve_uri(arguments.uri, "URI"), arguments.experiment)
    if arguments.runs:
        records = list(find_records(find_run(run) for run in arguments.runs))
    else:
        close_orphaned_sweeps(PLACES)
        records = list(find_records(PLACES))
    if not records:
        print(f"no runs here: nothing in {' or '.join(PLACES)}; RUN=DIRECTORY names one elsewhere")
    outcome = sync(records, to, again=arguments.all or bool(arguments.runs))
    if records:
        show(outcome)
    for destination in set(filter(None, map(read_destination, records))):
        close_vanished(destination)
    return 1 if outcome.left else 0


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
