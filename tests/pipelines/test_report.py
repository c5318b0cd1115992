"""The report of a benchmark: JSON for programs, a picture for people."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from rich.console import Console
from rich.table import Table


@pytest.fixture
def report(benchmark: Callable[[str], ModuleType], tmp_path: Path) -> Any:
    console = Console(record=True, width=120)
    return benchmark("report").Report(tmp_path / "benchmark", console, quick=False)


def test_json_holds_figures_with_repeats_and_goals_and_the_machine(
    benchmark: Callable[[str], ModuleType], report: Any
) -> None:
    figure = benchmark("figure")
    start = figure.Figure("start", "help", "s", (1.0, 2.0, 3.0), figure.Goal(1.5, False))
    report.add("start", figure.Figures("start", (start,)))
    content = json.loads(report.json.read_text())
    assert content["figures"] == [
        {
            "part": "start",
            "name": "help",
            "unit": "s",
            "median": 2.0,
            "low_quartile": 1.5,
            "high_quartile": 2.5,
            "repeats": [1.0, 2.0, 3.0],
            "goal": "<= 1.5",
            "met": False,
        }
    ]
    assert content["machine"]["cores"] >= 1
    assert {"cpu", "memory_gb", "torch", "gpu"} <= set(content["machine"])
    assert content["time"].startswith("20")
    assert content["quick"] is False


def test_quick_figures_are_held_against_nothing(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    figure = benchmark("figure")
    quick = benchmark("report").Report(tmp_path, Console(record=True), quick=True)
    start = figure.Figure("start", "help", "s", (1.0,), figure.Goal(1.5, False))
    quick.add("start", figure.Figures("start", (start,)))
    (kept,) = json.loads(quick.json.read_text())["figures"]
    assert (kept["goal"], kept["met"]) == (None, None)


def test_json_holds_tables_of_text(report: Any) -> None:
    table = Table("figure", "value", title="a run")
    table.add_row("points", "10")
    table.add_row("lost", "0")
    report.add("runs", table)
    assert json.loads(report.json.read_text())["tables"] == [
        {
            "part": "runs",
            "title": "a run",
            "columns": ["figure", "value"],
            "rows": [["points", "10"], ["lost", "0"]],
        }
    ]


def test_what_was_not_measured_is_said_in_a_line_and_kept(
    benchmark: Callable[[str], ModuleType], report: Any
) -> None:
    report.add("gpu", benchmark("figure").NotMeasured("gpu", "no GPU here"))
    report.fail("ranks", ValueError("a rank was lost"))
    assert json.loads(report.json.read_text())["not_measured"] == {
        "gpu": "no GPU here",
        "ranks": "a rank was lost",
    }
    assert not report.draw()
    assert not report.picture.exists()


@pytest.mark.parametrize("repeats", [(1.0,), (0.9, 1.1, 30.0), (0.0, 0.0)])
def test_picture_grows_with_the_figures(
    benchmark: Callable[[str], ModuleType], report: Any, repeats: tuple[float, ...]
) -> None:
    figure = benchmark("figure")
    goals = (figure.Goal(0.97, True), figure.Goal(6.0, False), None)
    heights = []
    for _ in range(2):
        figures = [
            figure.Figure("start", f"figure {i}", "", repeats, g) for i, g in enumerate(goals)
        ]
        report.add("start", figure.Figures("start", tuple(figures)))
        assert report.draw()
        with Image.open(report.picture) as picture:
            heights.append(picture.height)
            colors = picture.convert("RGB").getcolors(1 << 24) or []
        assert len(colors) > 20, "an empty picture has one"
    assert heights[1] > heights[0]
