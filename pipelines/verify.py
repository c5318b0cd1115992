"""Hold this code against the literature: `python pipelines/verify.py [--full] [--only NAME]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from latentsweep.command import errors_to_terminal

PAGE = Path("docs/verification.md")


def main() -> int:
    """Compute every row of the reference table; 1 if one of them does not agree."""
    parser = ArgumentParser(description="Compute what the literature says, and compare.")
    parser.add_argument("--full", action="store_true", help="published rows, too: hours, or a GPU")
    parser.add_argument("--only", default="", metavar="NAME", help="one row; no page is written")
    parser.add_argument("--output", type=Path, default=PAGE, help="of the table as a page")
    options = parser.parse_args()

    from latentsweep.verification.claims import all_claims, named
    from latentsweep.verification.verification import run_verification

    claims = named(all_claims(), options.only)
    command = "make verify FULL=1" if options.full else "make verify"
    # A page of one row would take the place of one of all.
    output = None if options.only else options.output
    return run_verification(claims, full=options.full, output=output, command=command)


if __name__ == "__main__":
    with errors_to_terminal():
        sys.exit(main())
