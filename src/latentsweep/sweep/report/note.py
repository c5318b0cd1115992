"""The note that MLflow shows with the sweep's parent run."""

from __future__ import annotations

import re
from pathlib import Path

import optuna

from latentsweep.sweep.report.answer import headline, progress, remarks, space
from latentsweep.sweep.report.best import best_trials
from latentsweep.sweep.report.columns import columns
from latentsweep.sweep.report.snapshot import snapshot

_ROWS = 10
# Whatever markdown would read as something else than text.
_MARKS = re.compile(r"([\\`*_{}\[\]<>|#&])")


def summary_note(study: optuna.Study, directory: Path) -> str:
    """The answer and a table of the best trials, in markdown.

    Args:
        study: the study.
        directory: the sweep's directory.
    """
    sweep = snapshot(study, directory)
    by_number = {entry.trial.number: entry for entry in sweep.entries}
    best = [by_number[t.number] for t in best_trials(study, _ROWS) if t.number in by_number]
    sentences = [f"**{_plain(headline(sweep, best))}**", *map(_plain, remarks(sweep, best))]
    paragraphs = [" ".join(sentences), _plain(progress(sweep)), _plain(space(sweep))]
    if best:
        shown = columns(sweep)
        lines = [[_plain(column.title) for column in shown], ["---"] * len(shown)]
        for entry in best:
            cells = [_plain(column.text(entry)) for column in shown]
            if entry.link:
                cells[0] = f"[{cells[0]}]({entry.link})"
            lines.append(cells)
        paragraphs.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    paragraphs.append("All trials and plots are in the artifact `report.html`.")
    return "\n\n".join(paragraphs)


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
