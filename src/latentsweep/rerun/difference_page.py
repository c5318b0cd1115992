"""How two runs differ, as one HTML file that needs nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape

from latentsweep.figures.page import html_table, page, section
from latentsweep.figures.two_runs import two_runs
from latentsweep.rerun.difference import METRIC_HEADINGS, RunDifference
from latentsweep.rerun.facts import CONFIG, Difference
from latentsweep.rerun.record import Record

_OWN = """
pre { font-size: 12px; overflow: auto; max-height: 640px; background: #f6f7f9; padding: 12px }
.plus { color: #1d6f42 } .minus { color: #a33a1f }
svg { width: 100%; height: auto }
"""


def difference_page(found: RunDifference) -> str:
    """The page."""
    first, second = found.first, found.second
    sections = [
        section("Metrics", _curves(found) + html_table(METRIC_HEADINGS, found.metrics)),
        section("Config", _differences(found.config, "All keys that decide numbers are alike.")),
        section(
            "Code, packages, machine",
            _differences(found.others, "All that is on record of them is the same."),
        ),
        section("Difference of the code", _code(found.code)),
    ]
    title = f"{first.run.name} and {second.run.name}"
    header = f"<h1>Two runs side by side</h1>{_named('A', first)}{_named('B', second)}"
    return page(title, header, sections, _OWN)


def _named(label: str, record: Record) -> str:
    run = record.run
    parts = [f"{run.status.value}, {run.last_step} steps"]
    if run.identity:
        parts.append(f"MLflow run {run.identity.run_id}")
    if record.commit:
        changed = " with uncommitted changes" if record.diff else ""
        parts.append(f"commit {record.commit[:12]}{changed}")
    told = escape("; ".join(parts))
    return f'<p><b>{label}</b> {escape(run.name)} <span class="caption">{told}</span></p>'


def _differences(found: Sequence[Difference], nothing: str) -> str:
    if not found:
        return f"<p>{nothing}</p>"
    rows = [
        (each.name.removeprefix(CONFIG), each.first or "none", each.second or "none",
         each.effect.value)
        for each in found
    ]  # fmt: skip
    return html_table(("", "A", "B", ""), rows, left=range(4))


def _curves(found: RunDifference) -> str:
    mine, other = found.first.run.metrics, found.second.run.metrics
    names = [name for name, *_ in found.metrics if name.startswith("val/")]
    if not names:
        return ""
    text = io.StringIO()
    two_runs(names, mine, other).savefig(text, format="svg")
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]


def _code(text: str) -> str:
    if not text:
        return "<p>The same commit and the same uncommitted changes.</p>"
    kinds = {"+": "plus", "-": "minus"}
    lines = [
        f'<span class="{kinds[line[0]]}">{escape(line)}</span>' if line[:1] in kinds
        else escape(line)
        for line in text.splitlines()
    ]  # fmt: skip
    return f"<pre>{chr(10).join(lines)}</pre>"
