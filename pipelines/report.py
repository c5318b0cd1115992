"""Write the report of a sweep, over or not: `python pipelines/report.py [STUDY]`."""

from argparse import ArgumentParser

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Write `report.html` into the sweep's directory and print where it is."""
    parser = ArgumentParser(description="Write the report of a sweep, whether it is over or not.")
    parser.add_argument("study", nargs="?", default="", help="its name; default: the newest sweep")
    parser.add_argument("--directory", default="sweeps", help="holds the sweeps' directories")
    arguments = parser.parse_args()

    from latentsweep.sweep.report.page import REPORT_NAME, write_report
    from latentsweep.sweep.whereabouts import find_study, find_sweep

    place = find_sweep(arguments.study, arguments.directory)
    study = find_study(arguments.study, arguments.directory)
    print(write_report(study, place, place / REPORT_NAME))


if __name__ == "__main__":
    with errors_to_terminal():
        main()
