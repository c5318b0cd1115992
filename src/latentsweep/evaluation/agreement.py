"""How far the runs of several seeds agree on their latents: UDR, for data without factors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from latentsweep.config.digest import identity
from latentsweep.config.evaluate import EvaluateConfig
from latentsweep.errors import ConfigError, LatentsweepError
from latentsweep.evaluation.encoding import encode
from latentsweep.evaluation.images import SplitImages
from latentsweep.evaluation.subject import Subject, read_subject
from latentsweep.metrics.disentanglement.unsupervised_ranking import (
    unsupervised_disentanglement_ranking,
)
from latentsweep.tracking.nesting import TRIALS_FOLDER
from latentsweep.tracking.note import Note
from latentsweep.tracking.noting import put_on_record
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.records_on_disk import find_records
from latentsweep.tracking.terminal_table import table_told

_IMAGES = 10_000
_FILE = "test/udr.json"


@dataclass(frozen=True)
class Agreement:
    """Runs that differ in their seeds alone.

    Attributes:
        subjects: the runs' models.
        scores: UDR of each, in [0, 1].
    """

    subjects: Sequence[Subject]
    scores: Sequence[float]


def is_group(reference: str) -> bool:
    """Whether a person means runs below a directory: a sweep's, a comparison's or that of seeds."""
    return bool(reference) and (Path(reference) / TRIALS_FOLDER).is_dir()


def evaluate_agreement(directory: Path, settings: EvaluateConfig) -> None:
    """Measure UDR of all runs below a directory that differ from others in their seeds alone.

    Args:
        directory: of a sweep, a comparison, or `make seeds`.
        settings: where the data lies.

    Raises:
        LatentsweepError: there are no such runs, or their models or data are not there.
    """
    subjects = list(_subjects(directory, settings))
    groups = [group for group in _by_config(subjects) if len(group) > 1]
    if not groups:
        raise ConfigError(
            f"no runs of several seeds lie below {directory}",
            found=f"{len(subjects)} runs with a prior and a best model, each of another config",
            expected="two runs or more that differ in their seeds alone",
            mend="make seeds RUN= trains one run with several seeds; make compare several models",
        )
    found = [_agreement(group) for group in groups]
    rows = []
    for agreement in found:
        for subject, score in zip(agreement.subjects, agreement.scores, strict=True):
            _record(subject.run, score, len(agreement.scores))
            rows.append((subject.run.name, str(subject.config.seed), f"{score:.3f}"))
    print(table_told("UDR, agreement with other seeds", ("run", "seed", "UDR"), rows, numbers=True))
    for agreement in sorted(found, key=lambda each: -median(each.scores)):
        first = agreement.subjects[0].config
        print(
            f"{first.model.name}, {first.model.latent_size} latents: median "
            f"{median(agreement.scores):.3f} of {len(agreement.scores)} seeds; {_best(agreement)}"
        )
    images = min(_IMAGES, len(subjects[0].splits.test))
    print(
        f"note:       Spearman correlations over {images:,} test images of the first seed, which "
        "others may have trained on where the data has no test split of its own"
    )


def _best(agreement: Agreement) -> str:
    if len(agreement.scores) == 2:  # the agreement of a pair is that of both
        return "of two, none is agreed with more; three seeds make a ranking"
    pairs = zip(agreement.scores, agreement.subjects, strict=True)
    return f"most agreed with: {max(pairs, key=lambda pair: pair[0])[1].run.name}"


def _record(run: RecordedRun, score: float, seeds: int) -> None:
    """Put a score on a run's record, unless it is there."""
    text = json.dumps({"udr": score, "seeds": seeds}) + "\n"
    if run.text(_FILE) != text:
        put_on_record(run, Note(metrics={"test/udr": score}, texts={_FILE: text}))


def _subjects(directory: Path, settings: EvaluateConfig) -> Iterable[Subject]:
    """The runs with a prior whose best model is there; the others are named and left out."""
    for path in find_records([directory]):
        if path == directory.absolute():
            continue
        try:
            subject = read_subject(read_recorded(path), settings)
        except LatentsweepError as error:
            print(f"left out:   {path.name}: {error.what}")
            continue
        if subject.model.has_prior:
            yield subject


def _by_config(subjects: Sequence[Subject]) -> list[list[Subject]]:
    """Runs whose configs differ in the seed alone, together; each seed once."""
    groups: dict[str, dict[int, Subject]] = {}
    for subject in subjects:
        values = {key: value for key, value in identity(subject.config).items() if key != "seed"}
        groups.setdefault(json.dumps(values), {})[subject.config.seed] = subject
    return [list(by_seed.values()) for by_seed in groups.values()]


def _agreement(subjects: Sequence[Subject]) -> Agreement:
    first = subjects[0]
    test = first.splits.test
    images = SplitImages(test, range(min(_IMAGES, len(test))), torch.device("cpu"))
    encoded = [encode(subject.model, images, subject.span) for subject in subjects]
    scores = unsupervised_disentanglement_ranking(
        [each.means for each in encoded], [each.kl.mean(dim=0) for each in encoded]
    )
    return Agreement(subjects, scores)
