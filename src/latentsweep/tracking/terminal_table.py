"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def table_told(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: bool = False,
) -> str:
    """A table for the terminal, as text.

    Args:
        title: above it.
        headings: of its columns.
        rows: their cells.
        numbers: whether all columns but the first hold numbers.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        if numbers and number:
            table.add_column(heading, overflow="fold", justify="right")
        else:
            table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")
