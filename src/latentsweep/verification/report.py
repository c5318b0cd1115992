"""The reference table, for the terminal and as a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from latentsweep.verification.outcome import ONLY_FULL, Outcome, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("row", "claim", "source", "expected", "got", "tolerance", "verdict", "s")
_COLOURS = {Verdict.AGREES: "green", Verdict.NOT_RUN: "yellow"}
_NOTHING = "-"


def cells(outcome: Outcome) -> tuple[str, ...]:
    """What a row says, one text a heading; both forms of the table are made of it."""
    found, claim = outcome.found, outcome.claim
    got = _NOTHING
    if found is not None:
        got = _number(found.got)
        if found.standard_error is not None:
            got += f" +- {found.standard_error:.2g}"
    verdict = str(outcome.verdict)
    if outcome.reason == ONLY_FULL:
        verdict += f" ({ONLY_FULL})"
    return (
        claim.name,
        claim.claim,
        claim.source,
        _NOTHING if outcome.expected is None else _number(outcome.expected),
        got,
        str(claim.tolerance),
        verdict,
        _NOTHING if outcome.verdict is Verdict.NOT_RUN else f"{outcome.seconds:.1f}",
    )


def remarks(outcomes: Sequence[Outcome]) -> list[str]:
    """What a reader has to know beside the numbers: why there is none, and what it is of."""
    told = [(each, each.reason or (each.found.note if each.found else "")) for each in outcomes]
    return [f"{each.claim.name}: {text}" for each, text in told if text not in ("", ONLY_FULL)]


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many claims stand how, and what all took."""
    counts = {verdict: sum(each.verdict is verdict for each in outcomes) for verdict in Verdict}
    parts = [f"{verdict}: {count}" for verdict, count in counts.items() if count]
    return f"{', '.join(parts)}; {len(outcomes)} rows in {_time(outcomes)}"


def terminal_table(outcomes: Sequence[Outcome]) -> RenderableType:
    """The table for a terminal of 80 columns or more: each of its cells holds two of a row."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0))
    table.add_column("claim\n[dim]row: source[/dim]", ratio=1)
    table.add_column("expected\ntolerance", min_width=14)
    table.add_column("got", min_width=9)
    table.add_column("verdict\nseconds", min_width=8)
    for family, members in _families(outcomes):
        table.add_section()
        table.add_row(f"[bold]{family}[/bold]")
        for each in members:
            name, claim, source, expected, got, tolerance, verdict, seconds = map(
                _plain, cells(each)
            )
            colour = _COLOURS.get(each.verdict, "red")
            stand = verdict.replace(" (", "\n(") if seconds == _NOTHING else f"{verdict}\n{seconds}"
            table.add_row(
                f"{claim}\n[dim]{name}: {source}[/dim]",
                f"{expected}\n{tolerance}",
                got.replace(" +- ", "\n+- "),
                f"[{colour}]{stand}[/{colour}]",
            )
    return table


def page(outcomes: Sequence[Outcome], about: dict[str, Any], command: str) -> str:
    """The table as a page of Markdown, with when and on what it was made.

    Args:
        outcomes: of all claims that were asked for.
        about: date, versions and hardware, by what they are called.
        command: that made it.
    """
    lines = [
        "# Verification",
        "",
        f"Written by `{command}` and by nothing else; numbers are of that one invocation. What was "
        "not run is said to be.",
        "",
        *(f"- {name}: {value}" for name, value in about.items()),
        f"- result: {summary(outcomes)}",
        "",
        "`tolerance` is what may lie between expected and got; `+-` behind a number is its "
        "standard error. Where several rows are of the same model, the first of them has its time.",
    ]
    for family, members in _families(outcomes):
        rows = [HEADINGS, ("---",) * len(HEADINGS), *map(cells, members)]
        lines += ["", f"## {family}", "", *map(_markdown, rows)]
    told = remarks(outcomes)
    if told:
        lines += ["", "## Remarks", "", *(f"- {_escaped(text)}" for text in told)]
    return "\n".join(lines) + "\n"


def _families(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    grouped = groupby(outcomes, key=lambda each: each.claim.family)
    return [(family, list(members)) for family, members in grouped]


def _number(value: float) -> str:
    """Five digits; what is next to 0 with fewer."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.5g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"


def _time(outcomes: Sequence[Outcome]) -> str:
    seconds = round(sum(each.seconds for each in outcomes))
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _markdown(row: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, row))} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
