"""Models beside each other: reads from top to bottom."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from latentsweep.comparison.findings import Finding, find
from latentsweep.comparison.page import PAGE, comparison_page, short_rows, table_rows
from latentsweep.comparison.pictures import pictures
from latentsweep.comparison.request import Request
from latentsweep.comparison.scores import score_all, settings_of
from latentsweep.comparison.training import places, train_all
from latentsweep.config.likelihood import is_density
from latentsweep.errors import RunBusyError
from latentsweep.evaluation.subject import read_subject
from latentsweep.figures.drawn import table
from latentsweep.rerun.errors import RerunStoppedError
from latentsweep.rerun.group import RunGroup
from latentsweep.tracking.files import storage_error, write_whole
from latentsweep.tracking.markdown import markdown_table
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.terminal_table import table_told

PLACE = Path("comparisons")


def compare(request: Request, workers: int, importance_samples: int | None) -> Path:
    """Train the models of a comparison, evaluate them, and write down how they differ.

    Args:
        request: what is compared.
        workers: runs at a time; 0: one a GPU or, without any, one a core.
        importance_samples: k of the NLL; None: that of `conf/evaluate.yaml`.

    Returns:
        The page.

    Raises:
        LatentsweepError: a run failed, or was asked to stop; the same command goes on.
    """
    settings = settings_of(importance_samples)  # refused before hours of training
    for text in request.left_out:
        print(f"left out:   {text}")
    directory = PLACE / request.name
    with _held(directory):
        group = RunGroup(directory, request.first.tracking)
        group.open(_about(request))
        try:
            train_all(request, directory, workers)
            whole = places(request, directory)
            scores = score_all(whole, settings)
            findings = find(scores, densities=is_density(request.first.likelihood))
            subjects = {
                place.model: read_subject(place.run(), settings)
                for place in whole
                if place.seed == request.seeds[0]
            }
            drawn = dict(pictures(subjects, findings))
            images = len(next(iter(subjects.values())).splits.test)
            page = comparison_page(request, findings, drawn, images)
            path = directory / PAGE
            write_whole(path, lambda file: file.write(page.encode()))
        except BaseException as error:
            failed = isinstance(error, Exception) and not isinstance(error, RerunStoppedError)
            group.close(RunStatus.FAILED if failed else RunStatus.INTERRUPTED)
            raise
        with tempfile.TemporaryDirectory() as temporary:
            group.close(
                RunStatus.FINISHED,
                metrics=_metrics(findings),
                texts={
                    PAGE: page,
                    "scores.csv": _scores_csv(scores),
                    **{f"figures/{name}.csv": each.csv() for name, each in drawn.items()},
                },
                files={
                    f"figures/{name}.png": each.write(Path(temporary) / f"{name}.png")
                    for name, each in drawn.items()
                },
                note=_note(request, findings),
            )
    _show(request, findings, path, group.run_id)
    return path


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """Hold a comparison's directory, so that it is made once at a time.

    Raises:
        RunBusyError: another process makes it.
        StorageError: it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "comparison.lock").open("w")
    except OSError as error:
        raise storage_error(directory, error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunBusyError(
                f"the comparison {directory} is being made at this moment",
                mend="wait for it, or stop it",
            ) from None
        yield


def _about(request: Request) -> dict[str, str]:
    """Tags of the comparison's own run."""
    return {
        "latentsweep.kind": "comparison",
        "latentsweep.models": ", ".join(request.models),
        "latentsweep.seeds": ", ".join(map(str, request.seeds)),
        "mlflow.runName": request.name,
        "mlflow.source.name": "pipelines/compare.py",
    }


def _metrics(findings: Sequence[Finding]) -> dict[str, float]:
    """Mean and interval of each metric and model, by the names that they are recorded by."""
    return {
        f"{model}/{finding.name}{part}": value
        for finding in findings
        for model, interval in finding.intervals.items()
        for part, value in (
            ("", interval.mean),
            ("/low95", interval.low),
            ("/high95", interval.high),
        )
    }


def _scores_csv(scores: Mapping[str, Mapping[int, Mapping[str, float]]]) -> str:
    """A row a run."""
    names = sorted(
        {name for by_seed in scores.values() for one in by_seed.values() for name in one}
    )
    rows = [
        [model, seed, *(repr(one[name]) if name in one else "" for name in names)]
        for model, by_seed in scores.items()
        for seed, one in by_seed.items()
    ]
    return table(["model", "seed", *names], rows)


def _note(request: Request, findings: Sequence[Finding]) -> str:
    headings, rows = table_rows(request, findings)
    told = (
        f"{len(request.seeds)} seeds each; mean and 95 % interval over seeds, paired tests with "
        f"Holm's correction. The page is the artifact {PAGE}."
    )
    return f"{told}\n\n{markdown_table(headings, rows)}"


def _show(request: Request, findings: Sequence[Finding], path: Path, run_id: str) -> None:
    title = f"test split, mean and half the 95 % interval over {len(request.seeds)} seeds"
    print(table_told(title, *short_rows(request, findings), numbers=True))
    for finding in findings:
        if finding.differences:
            print(f"{finding.label}: {finding.sentence()}")
    print(f"page:       {path}")
    if run_id:
        print(f"MLflow run: {run_id}, with the runs below it")
