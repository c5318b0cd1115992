"""The runs whose record lies below a directory, and the one that a person means."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from latentsweep.errors import ConfigError
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.progress import read_identity

PLACES = ("runs", "sweeps", "reruns", "comparisons")
# A run, the runs of a directory, a sweep's own record and its trials, the sweeps of a directory;
# the same of reruns, each of which has a directory around it.
_PATTERNS = ("", "*/", "*/*/", "trials/*/*/", "*/trials/*/*/", "*/*/trials/*/*/")
RUN_ID = re.compile(r"[0-9a-f]{32}")


def find_records(places: Iterable[str | Path]) -> Iterator[Path]:
    """Directories of the runs below `places`, each of which may be such a directory itself."""
    found: dict[Path, None] = {}
    for place in places:
        for pattern in _PATTERNS:
            for journal in sorted(Path(place).glob(pattern + JOURNAL_NAME)):
                found[journal.parent.absolute()] = None
    return iter(found)


def find_run(reference: str, places: Iterable[str | Path] = PLACES) -> Path:
    """The directory of the run that a person means.

    Args:
        reference: a run's directory or the one around it, its name, or the id of its MLflow run.
        places: directories to look in.

    Raises:
        ConfigError: there is no such run here, or more than one of that name.
    """
    searched = [str(place) for place in places]
    if not reference:
        raise ConfigError(
            "no run is named",
            expected="a run's directory or the id of its MLflow run",
            mend="RUN=runs/NAME",
        )
    with suppress(OSError):  # a name that is too long for one of a file
        if (Path(reference) / JOURNAL_NAME).exists():
            return Path(reference).absolute()
        inside = list(Path(reference).glob(f"*/{JOURNAL_NAME}"))
        if len(inside) == 1:  # such as a slot of a sweep, with its trial's run in it
            return inside[0].parent.absolute()
    records = list(find_records(searched))
    found = [run_dir for run_dir in records if reference in (run_dir.name, _id_of(run_dir))]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"there are {len(found)} runs {reference} here",
            found=", ".join(map(os.path.relpath, found)),
            expected="one of these directories",
            mend=f"RUN={os.path.relpath(found[0])}",
        )
    is_id = RUN_ID.fullmatch(reference)
    raise ConfigError(
        f"there is no run {reference} here",
        found=f"{len(records)} runs in {', '.join(searched)}, "
        + ("none with that MLflow id" if is_id else "none of that name"),
        expected="a run's directory, the whole id of its MLflow run, or models:/NAME@ALIAS",
        mend=_meant(reference, records)
        or "RUN=DIRECTORY of the run, from the directory that it was started in; or URI=STORE",
    )


def _meant(reference: str, records: Iterable[Path]) -> str:
    """The run around a file of it that was named, or the run with the nearest name."""
    with suppress(OSError):
        for path in Path(reference).parents:
            if (path / JOURNAL_NAME).exists():
                return f"RUN={path}"
    near = difflib.get_close_matches(reference, [run_dir.name for run_dir in records], n=1)
    return f"did you mean {near[0]}?" if near else ""


def _id_of(run_dir: Path) -> str:
    identity = read_identity(run_dir)
    return identity.run_id if identity else ""
