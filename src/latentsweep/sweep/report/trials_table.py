"""The page's table of all trials."""

from html import escape

from latentsweep.sweep.report.columns import Column, columns
from latentsweep.sweep.report.snapshot import Entry, Snapshot

_LEFT = ("state", "why it failed")


def trials_table(sweep: Snapshot, best: set[int]) -> str:
    """All trials as an HTML table that a click on a heading sorts.

    Args:
        sweep: the sweep.
        best: numbers of the trials to mark.
    """
    shown = [*columns(sweep), Column("attempts", lambda e: str(e.attempts), lambda e: e.attempts)]
    if any(entry.failure for entry in sweep.entries):
        shown.append(Column("why it failed", lambda e: e.failure, lambda e: e.failure))
    head = "".join(f"<th{_side(column)}>{escape(column.title)}</th>" for column in shown)
    rows = "".join(_row(entry, shown, entry.trial.number in best) for entry in sweep.entries)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _row(entry: Entry, shown: list[Column], is_best: bool) -> str:
    cells = "".join(_cell(entry, column) for column in shown)
    return f'<tr class="{entry.state}{" best" if is_best else ""}">{cells}</tr>'


def _cell(entry: Entry, column: Column) -> str:
    key = column.key(entry)
    text = escape(column.text(entry))
    if column.title == "trial" and entry.link:
        text = f'<a href="{escape(entry.link)}">{text}</a>'
    return f'<td{_side(column)} data-key="{escape(str("" if key is None else key))}">{text}</td>'


def _side(column: Column) -> str:
    if column.title not in _LEFT:
        return ""
    return ' class="left failure"' if column.title == "why it failed" else ' class="left"'
