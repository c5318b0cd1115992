"""A sweep from outside: `python pipelines/sweep_control.py status|follow|cancel [STUDY]`."""

from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Show how a sweep stands, once or until it ends, or have its workers stop."""
    parser = ArgumentParser(description="Show how a sweep stands, or stop its workers.")
    parser.add_argument("action", choices=("status", "follow", "cancel"))
    parser.add_argument("study", nargs="?", default="", help="its name; default: the newest sweep")
    parser.add_argument("--directory", default="sweeps", help="holds the sweeps' directories")
    arguments = parser.parse_args()

    from latentsweep.sweep.control import cancel_workers, follow_sweep, show_status
    from latentsweep.sweep.whereabouts import find_sweep

    directory = find_sweep(arguments.study, arguments.directory)
    actions = {"status": show_status, "follow": follow_sweep, "cancel": cancel_workers}
    actions[arguments.action](directory)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
