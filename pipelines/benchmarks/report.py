"""One report of a whole benchmark: in the terminal, as JSON and as a picture."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, Figures, NotMeasured
from latentsweep.training.machine import commit, machine

Result = Table | Figures | NotMeasured


class Report:
    """Collects what the parts come to; each is shown at once, the rest is written in between.

    Args:
        directory: of `report.json` and `report.png`; created if missing.
        console: where tables are shown.
        quick: whether figures mean nothing.
    """

    def __init__(self, directory: Path, console: Console, *, quick: bool) -> None:
        self.json = directory / "report.json"
        self.picture = directory / "report.png"
        self._console = console
        self._figures: list[Figure] = []
        self._content: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine(),
            "quick": quick,
            "figures": [],
            "tables": [],
            "not_measured": {},
        }

    def add(self, part: str, result: Result) -> None:
        """Show a result and keep it.

        Args:
            part: that it is of, as `PART=` names it.
            result: what one of its measurements came to.
        """
        match result:
            case Figures():
                result = result.without_goals() if self._content["quick"] else result
                self._console.print(result.table())
                self._figures += result.figures
                self._content["figures"] += [figure.as_json() for figure in result.figures]
            case NotMeasured():
                self._console.print(f"{part}: {result.reason}: not measured")
                self._content["not_measured"][part] = result.reason
            case Table():
                self._console.print(result)
                self._content["tables"].append({"part": part, **_as_json(result)})
        self._write()

    def fail(self, part: str, error: Exception) -> None:
        """Keep why a part could not be measured."""
        self._content["not_measured"][part] = str(error)
        self._write()

    def draw(self) -> bool:
        """Draw the figures that can be drawn; False if there are none."""
        from benchmarks.picture import draw

        about = self._content["machine"]
        where = f"{about['cpu']}, {about['cores']} cores"
        where += f", {about['gpu']}" if about["gpu"] else ""
        what = f"{(self._content['commit'] or 'no commit')[:10]}, {self._content['time'][:10]}"
        quick = "quick, no figures to quote; " if self._content["quick"] else ""
        return draw(self._figures, self.picture, f"{quick}{where}; {what}")

    def _write(self) -> None:
        """After each result, for a benchmark takes an hour and may be stopped."""
        self.json.parent.mkdir(parents=True, exist_ok=True)
        self.json.write_text(json.dumps(self._content, indent=2) + "\n")


def _as_json(table: Table) -> dict[str, Any]:
    """Title, headings and cells of a table of text."""
    columns = [list(column.cells) for column in table.columns]
    return {
        "title": str(table.title or ""),
        "columns": [str(column.header) for column in table.columns],
        "rows": [[str(cell) for cell in row] for row in zip(*columns, strict=True)],
    }
