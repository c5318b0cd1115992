import csv
import io
from typing import Any

from latentsweep.figures.drawn import Drawn


def read(drawn: Drawn) -> list[dict[str, Any]]:
    """The rows of a figure's CSV file by column, numbers as numbers."""
    return [
        {name: _number(cell) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(drawn.csv()))
    ]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell
