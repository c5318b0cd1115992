"""A figure together with the numbers behind it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.figures.style import DOTS_PER_INCH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float
Row = Sequence[Cell]


@dataclass(frozen=True)
class Drawn:
    """A figure and its table.

    Attributes:
        figure: the picture.
        columns: names of the table's columns.
        rows: what is drawn, a cell for each column.
        told: what it shows in a sentence, for those who do not see it.
    """

    figure: "Figure"
    columns: Sequence[str]
    rows: Sequence[Row]
    told: str

    def png(self, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
        """The figure as a PNG file; at 100 dots per inch it is at most 900 pixels wide."""
        file = io.BytesIO()
        self.figure.set_dpi(dots_per_inch)
        # Room for labels depends on the axes' size, and that on the room: one pass cuts labels off.
        self.figure.draw_without_rendering()
        self.figure.savefig(file, format="png", dpi=dots_per_inch)
        return file.getvalue()

    def write(self, path: Path) -> Path:
        """Write the PNG file, and return its path."""
        path.write_bytes(self.png())
        return path

    def csv(self) -> str:
        """The table as a CSV file, each number with all its digits, NaN as `nan`."""
        return table(self.columns, self.rows)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue()
