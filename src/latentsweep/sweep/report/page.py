"""The report: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import optuna

from latentsweep.sweep.report import answer
from latentsweep.sweep.report.best import best_trials
from latentsweep.sweep.report.plots.theme import CONFIG
from latentsweep.sweep.report.sections import sections
from latentsweep.sweep.report.sheets import traversal_sheets
from latentsweep.sweep.report.snapshot import LOCAL_DASHBOARD, Entry, Snapshot, snapshot
from latentsweep.sweep.report.style import CSS, SCRIPT
from latentsweep.sweep.report.trials_table import trials_table
from latentsweep.tracking.files import write_whole

if TYPE_CHECKING:
    from latentsweep.sweep.report.sections import Section

REPORT_NAME = "report.html"
_SHEETS = 4
_FRONT = 1000  # more trials than a page marks


def write_report(study: optuna.Study, directory: Path, target: Path) -> Path:
    """Write the report of a sweep, whether it is over or not.

    Args:
        study: the sweep's study.
        directory: the sweep's directory, to which the runs' directories are relative.
        target: the file to write, or to replace.

    Returns:
        `target`.

    Raises:
        StorageError: it cannot be written.
    """
    sweep = snapshot(study, directory)
    by_number = {entry.trial.number: entry for entry in sweep.entries}
    several = len(sweep.objectives) > 1
    best = best_trials(study, _FRONT if several else _SHEETS)
    page = _page(sweep, [by_number[t.number] for t in best if t.number in by_number])
    write_whole(target, lambda file: file.write(page.encode("utf-8", errors="replace")))
    return target


def _page(sweep: Snapshot, best: list[Entry]) -> str:
    from plotly.offline import get_plotlyjs

    body = "".join(_section(section, _source(sweep)) for section in sections(sweep))
    # Spread over the whole of a long Pareto front.
    shown = best[:: max(1, len(best) // _SHEETS)][:_SHEETS]
    sheets = traversal_sheets(sweep, shown)
    if sheets:
        body += _wide(
            "What the latents of the best trials do",
            "Each row moves one latent from -3 to 3, those with the most KL on top; all from the "
            "same validation image.",
            sheets,
        )
    marked = {entry.trial.number for entry in (best if len(sweep.objectives) > 1 else best[:1])}
    if sweep.entries:
        caption = "A click on a heading sorts; a trial's number leads to its MLflow run."
        if any((entry.link or "").startswith(LOCAL_DASHBOARD) for entry in sweep.entries):
            caption += f" For that start `make dashboard`, which serves {LOCAL_DASHBOARD}."
        body += _wide("All trials", caption, trials_table(sweep, marked))
    runs = {entry.trial.number: entry.link for entry in sweep.entries if entry.link}
    addresses = json.dumps(runs).replace("<", r"\u003c")  # nothing in it ends the script element
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(sweep.name)}: sweep report</title>
<style>{CSS}</style>
<script>{get_plotlyjs()}</script>
</head>
<body>
<main>
{_header(sweep, best)}
<div class="grid">{body}</div>
</main>
<script type="application/json" id="runs">{addresses}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _header(sweep: Snapshot, best: list[Entry]) -> str:
    stopped = f'<p class="stopped">Stopped: {escape(sweep.stopped)}</p>' if sweep.stopped else ""
    remarks = escape(" ".join(answer.remarks(sweep, best)))
    how = escape(f"{answer.space(sweep)} {answer.method(sweep)}")
    return f"""<header>
<div class="study">Sweep {escape(sweep.name)}, as of {sweep.taken:%Y-%m-%d %H:%M:%S}</div>
<h1>{escape(answer.headline(sweep, best))}</h1>
<p>{remarks}</p>
<p>{escape(answer.progress(sweep))}</p>{stopped}
<p class="details">{how}</p>
</header>"""


def _source(sweep: Snapshot) -> str:
    """From which runs a plot's numbers come."""
    trials = f"{len(sweep.entries)} trials" if len(sweep.entries) != 1 else "1 trial"
    text = f"{trials} of sweep {escape(sweep.name)}"
    if sweep.link:
        text += f', MLflow run <a href="{escape(sweep.link)}">{escape(sweep.run_id)}</a>'
    return f'<p class="source">Source: {text}</p>'


def _section(section: Section, source: str) -> str:
    if isinstance(section.figure, str):
        body = f"<p>{escape(section.figure)}</p>"
    else:
        body = section.figure.to_html(full_html=False, include_plotlyjs=False, config=CONFIG)
        body += source
    width = ' class="wide"' if section.wide else ""
    return (
        f"<section{width}><h2>{escape(section.title)}</h2>"
        f'<p class="caption">{escape(section.caption)}</p>{body}</section>'
    )


def _wide(title: str, caption: str, body: str) -> str:
    return f'<section class="wide"><h2>{title}</h2><p class="caption">{caption}</p>{body}</section>'
