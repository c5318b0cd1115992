"""The traversal sheets that runs leave, for the best trials, as part of the page itself."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from latentsweep.figures.page import picture
from latentsweep.sweep.report.labels import (
    metric_label,
    metric_value,
    number,
    parameter_label,
)
from latentsweep.sweep.report.snapshot import Entry, Snapshot

_SHEET = re.compile(r"traversals\+step\+(\d+)\+.*\.png")


def newest_sheet(run_dir: Path) -> Path | None:
    """The run's last traversal sheet; None where it left none or is gone."""
    found = [
        (int(match[1]), path)
        for path in (run_dir / "images").glob("traversals*.png")
        if (match := _SHEET.fullmatch(path.name))
    ]
    return max(found)[1] if found else None


def traversal_sheets(sweep: Snapshot, entries: list[Entry]) -> str:
    """The sheets of these trials side by side, as HTML; nothing where none left any."""
    figures = []
    for entry in entries:
        sheet = newest_sheet(entry.run_dir) if entry.run_dir else None
        if sheet:
            alt = f"Latent traversals of trial {entry.trial.number}"
            figures.append(picture(sheet.read_bytes(), alt, _caption(sweep, entry)))
    return f'<div class="sheets">{"".join(figures)}</div>' if figures else ""


def _caption(sweep: Snapshot, entry: Entry) -> str:
    title = f"trial {entry.trial.number}"
    if entry.link:
        title = f'<a href="{escape(entry.link)}">{title}</a>'
    values = [
        f"{metric_label(objective.name)} {metric_value(value)}"
        for objective, value in zip(sweep.objectives, entry.values, strict=True)
    ]
    settings = [f"{parameter_label(k)} {number(v)}" for k, v in entry.trial.params.items()]
    run = entry.run_dir.name if entry.run_dir else ""
    lines = [", ".join(values), ", ".join(settings), f"run {run}"]
    return "<br>".join([f"<b>{title}</b>", *map(escape, lines)])
